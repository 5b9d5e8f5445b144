-- The logs this one goes on from: it was restored from a dump of them, or filled with what they exported.  What they
-- recorded after that, nobody here knows.  Positions jump when another log begins, to microseconds since 1970, so that
-- no position they have given since is ever given here: a cursor of theirs is found in the jump.
CREATE TABLE plantrail.former_logs (
    id uuid,                      -- null where an export did not say
    last_common bigint NOT NULL,  -- the position of the last event that is in both; 0 where none is
    jumped_to bigint PRIMARY KEY, -- positions given here since are beyond this one
    left_at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT ON plantrail.former_logs TO {service};
