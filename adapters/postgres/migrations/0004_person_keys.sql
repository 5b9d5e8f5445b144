-- The keys of the people whose words are sealed, wrapped by the key-encryption key, out of the service's reach.
CREATE SCHEMA plantrail_keys;
CREATE TABLE plantrail_keys.person_keys (
    plan_id uuid NOT NULL,
    stakeholder text NOT NULL,
    generation int NOT NULL,
    wrapped bytea,  -- null once the person was forgotten: they never get another
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (plan_id, stakeholder)
);

GRANT USAGE ON SCHEMA plantrail_keys TO {keys};
GRANT SELECT, INSERT, UPDATE ON plantrail_keys.person_keys TO {keys};
