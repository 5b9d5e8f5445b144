-- Generations of the key-encryption key.  What is wrapped is wrapped with the current one.
CREATE TABLE plantrail_keys.generations (
    generation int PRIMARY KEY,
    current boolean NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz
);
CREATE UNIQUE INDEX generations_current_idx ON plantrail_keys.generations (current) WHERE current;
INSERT INTO plantrail_keys.generations (generation, current, begun_at)
    SELECT 1, true, min(made_at) FROM plantrail_keys.person_keys HAVING count(*) > 0;

-- Secrets of the service itself, wrapped as the people's keys are.
CREATE TABLE plantrail_keys.secrets (
    purpose text PRIMARY KEY,
    generation int NOT NULL,
    wrapped bytea NOT NULL
);

-- For what is still to be wrapped anew.
CREATE INDEX person_keys_generation_idx ON plantrail_keys.person_keys (generation) WHERE wrapped IS NOT NULL;

-- Who was forgotten: written last, when the key is destroyed and the list outside the database names them.
CREATE TABLE plantrail_keys.erasures (
    plan_id uuid NOT NULL,
    stakeholder text NOT NULL,
    version bigint NOT NULL,       -- of the event; another one where an older copy of the log was restored
    generation int,                -- the newest that ever wrapped the key; null where there was none
    key_made_at timestamptz,
    key_destroyed_at timestamptz NOT NULL,
    listed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (plan_id, stakeholder)
);

GRANT SELECT, INSERT, UPDATE ON plantrail_keys.generations, plantrail_keys.secrets TO {keys};
GRANT SELECT, INSERT, UPDATE (version) ON plantrail_keys.erasures TO {keys};

-- From PostgreSQL 17 on dead rows of the keys can be cleared away without the rights of the owner.
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 170000 THEN
        EXECUTE $grant$GRANT MAINTAIN ON plantrail_keys.person_keys TO {keys}$grant$;
    END IF;
END;
$$;

-- The few events that say that somebody was forgotten are found without reading the log.
CREATE INDEX stored_events_forgotten_idx ON plantrail.stored_events (notification_id)
    WHERE topic = 'StakeholderForgotten';
