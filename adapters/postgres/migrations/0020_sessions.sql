-- Who is signed in to the pages.  What is kept of a session is no good for getting in.
CREATE TABLE plantrail.sessions (
    id text PRIMARY KEY,           -- names it in lists
    digest bytea NOT NULL UNIQUE,  -- SHA-256 of what the browser holds
    actor text NOT NULL,
    method text NOT NULL,
    role text NOT NULL,
    plans text[],                  -- null: all there are
    key_id text,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz,
    browser text NOT NULL
);
CREATE INDEX sessions_actor_idx ON plantrail.sessions (actor, last_seen_at DESC);
CREATE INDEX sessions_last_seen_idx ON plantrail.sessions (last_seen_at);

GRANT SELECT, INSERT, DELETE, UPDATE (last_seen_at) ON plantrail.sessions TO {service};
