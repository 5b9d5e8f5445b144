-- Who has ever changed something, to tell a mistyped person from a known one.  Of what is on record already, it is known
-- by memberships and keys, and by the next change of whoever has neither.
CREATE TABLE plantrail.actors (id text PRIMARY KEY);
GRANT SELECT, INSERT ON plantrail.actors TO {service};
