-- Where events are pushed to.  Events themselves are never copied: what waits is said by plan and version.
CREATE TABLE plantrail.webhook_endpoints (
    id uuid PRIMARY KEY,
    owner text NOT NULL,
    url text NOT NULL,
    topics text[] NOT NULL,          -- only events of these; empty: of all
    plans uuid[] NOT NULL,           -- only events of these; empty: of all
    personal_data boolean NOT NULL,  -- whether sealed words are opened for it
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'disabled')),
    state_since timestamptz NOT NULL,
    reason text,
    failing_since timestamptz,       -- nothing has been delivered since
    held_until timestamptz,          -- it asked to be left alone until then
    position bigint NOT NULL,        -- how far the log was looked through for events it wants
    secret bytea NOT NULL,           -- wrapped
    previous_secret bytea,
    previous_until timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX webhook_endpoints_owner_idx ON plantrail.webhook_endpoints (owner, id);

-- A lane is there while events of a plan wait for an endpoint.  One worker at a time holds it, so that they go out one
-- after the other.
CREATE TABLE plantrail.webhook_lanes (
    endpoint_id uuid NOT NULL REFERENCES plantrail.webhook_endpoints ON DELETE CASCADE,
    plan_id uuid NOT NULL,
    delivered bigint NOT NULL,       -- the version of the last event that arrived
    through bigint NOT NULL,         -- the version of the last event that is to arrive
    waiting_since timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0, -- that failed in a row
    due_at timestamptz NOT NULL,
    lease uuid,
    leased_until timestamptz,
    parked_at timestamptz,
    parked_because text,
    PRIMARY KEY (endpoint_id, plan_id)
) WITH (fillfactor = 70);
CREATE INDEX webhook_lanes_due_idx ON plantrail.webhook_lanes (endpoint_id, due_at) WHERE parked_at IS NULL;
CREATE INDEX webhook_lanes_parked_idx ON plantrail.webhook_lanes (endpoint_id, plan_id) WHERE parked_at IS NOT NULL;

-- What became of every attempt, for some weeks.  Neither what was sent nor what was answered is kept.
CREATE TABLE plantrail.webhook_attempts (
    number bigserial PRIMARY KEY,
    endpoint_id uuid NOT NULL,       -- no reference: it would make an attempt wait for whoever changes the endpoint
    event_id text NOT NULL,
    attempted_at timestamptz NOT NULL,
    milliseconds int NOT NULL,
    status int,
    error text
);
CREATE INDEX webhook_attempts_endpoint_idx ON plantrail.webhook_attempts (endpoint_id, number);
CREATE INDEX webhook_attempts_attempted_at_idx ON plantrail.webhook_attempts (attempted_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON plantrail.webhook_endpoints, plantrail.webhook_lanes TO {service};
GRANT SELECT, INSERT, DELETE ON plantrail.webhook_attempts TO {service};
GRANT USAGE ON SEQUENCE plantrail.webhook_attempts_number_seq TO {service};
