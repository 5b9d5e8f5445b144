-- Whom the checkpoints are sent to, and how much each is known to have: for people to look at, nothing relies on it.
CREATE TABLE plantrail.witnesses (
    name text PRIMARY KEY,     -- where it is, without anything secret
    told_size bigint,          -- how many events the last checkpoint covers that it received; NULL for none yet
    told_at timestamptz,
    failing_since timestamptz  -- since when it could not be reached; NULL while it can
);

GRANT SELECT, INSERT, DELETE, UPDATE ON plantrail.witnesses TO {service};
