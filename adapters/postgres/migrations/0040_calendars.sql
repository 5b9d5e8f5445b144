-- Calendars that somebody subscribed to.  What is kept of one is no good for reading it.
CREATE TABLE plantrail.calendars (
    id text PRIMARY KEY,           -- names it in lists
    digest bytea NOT NULL UNIQUE,  -- SHA-256 of what its address holds
    actor text NOT NULL,
    method text NOT NULL,
    key_id text,
    contents text NOT NULL,
    plan_id uuid,
    words boolean NOT NULL,
    created_at timestamptz NOT NULL,
    last_read_at timestamptz
);
CREATE INDEX calendars_actor_idx ON plantrail.calendars (actor, created_at DESC);

GRANT SELECT, INSERT, DELETE, UPDATE (last_read_at) ON plantrail.calendars TO {service};
