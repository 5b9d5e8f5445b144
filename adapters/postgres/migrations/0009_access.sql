-- Who may call by a key.  What is kept of a key is no good for calling.
CREATE TABLE plantrail.api_keys (
    id text PRIMARY KEY,    -- the part of the key that is no secret
    digest bytea NOT NULL,  -- SHA-256 of the part that is
    name text NOT NULL,     -- the actor of what is done with it
    role text NOT NULL,
    plans text[],           -- ids of plans or accounts; null: all there are
    personal_data boolean NOT NULL,
    on_behalf_of boolean NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

-- Goes up with every key that is made or taken back: processes look at it, and read the keys when it has moved.
CREATE TABLE plantrail.api_keys_revision (revision bigint NOT NULL);
INSERT INTO plantrail.api_keys_revision VALUES (1);
CREATE FUNCTION plantrail.api_keys_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE plantrail.api_keys_revision SET revision = revision + 1;
    RETURN NULL;
END;
$$;
CREATE TRIGGER api_keys_change
    AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF digest, name, role, plans, personal_data, on_behalf_of, expires_at,
        revoked_at
    ON plantrail.api_keys FOR EACH STATEMENT EXECUTE FUNCTION plantrail.api_keys_changed();

-- Who has read what of plans, without their words.  Reads that are alike within a moment are one row.
CREATE TABLE plantrail.access_events (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    on_behalf_of text,
    role text NOT NULL,
    view text NOT NULL,
    plan_id uuid,           -- null: of many plans
    cut text,               -- how far into its history it was read
    request_id text NOT NULL,  -- of the first
    times int NOT NULL
);
CREATE INDEX access_events_plan_idx ON plantrail.access_events (plan_id, id);
CREATE INDEX access_events_actor_idx ON plantrail.access_events (actor, id);
CREATE INDEX access_events_at_idx ON plantrail.access_events (at);
-- The service may let them grow old, not make them disappear.
CREATE FUNCTION plantrail.purge_access_events(older_than_days int, most int) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH gone AS (
        DELETE FROM plantrail.access_events WHERE id IN (
            SELECT id FROM plantrail.access_events
            WHERE at < now() - make_interval(days => greatest(older_than_days, 30)) ORDER BY at LIMIT most)
        RETURNING 1)
    SELECT count(*) FROM gone;
$$;
REVOKE ALL ON FUNCTION plantrail.purge_access_events FROM PUBLIC;

-- Who is at work on a plan: its owner and its team, to find the plans of a person by.  The table is made anew from the
-- log, for what was not looked at before.
DELETE FROM plantrail.portfolio;
UPDATE plantrail.projections SET position = 0 WHERE name = 'portfolio';
ALTER TABLE plantrail.portfolio ADD COLUMN people text[] NOT NULL;
CREATE INDEX portfolio_people_idx ON plantrail.portfolio USING gin (people);

GRANT SELECT, INSERT, UPDATE (revoked_at, last_used_at) ON plantrail.api_keys TO {service};
GRANT SELECT ON plantrail.api_keys_revision TO {service};
GRANT SELECT, INSERT ON plantrail.access_events TO {service};
GRANT USAGE ON SEQUENCE plantrail.access_events_id_seq TO {service};
GRANT EXECUTE ON FUNCTION plantrail.purge_access_events TO {service};
