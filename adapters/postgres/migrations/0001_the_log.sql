-- The log of all plans: eventsourcing's table, as its PostgresApplicationRecorder would create it.
CREATE TABLE plantrail.stored_events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text,
    state bytea,
    notification_id bigserial,
    PRIMARY KEY (originator_id, originator_version)
) WITH (
    autovacuum_enabled = true,
    autovacuum_vacuum_threshold = 100000000,
    autovacuum_vacuum_scale_factor = 0.5,
    autovacuum_analyze_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.01
);

CREATE UNIQUE INDEX stored_events_notification_id_idx ON plantrail.stored_events (notification_id ASC);

CREATE TYPE plantrail.stored_event_uuid AS (
    originator_id uuid, originator_version bigint, topic text, state bytea
);

-- Append-only: by grants for the service, by triggers for everybody else.
CREATE FUNCTION plantrail.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'plan events are append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END;
$$;

CREATE TRIGGER stored_events_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON plantrail.stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION plantrail.refuse_change();

-- Who this log is.  A restored copy gets another id, so that its positions are never taken for known ones.
CREATE TABLE plantrail.log (id uuid NOT NULL DEFAULT gen_random_uuid(), begun_at timestamptz NOT NULL DEFAULT now());
INSERT INTO plantrail.log DEFAULT VALUES;

GRANT USAGE ON SCHEMA plantrail TO {service};
GRANT SELECT, INSERT ON plantrail.stored_events TO {service};
GRANT USAGE ON SEQUENCE plantrail.stored_events_notification_id_seq TO {service};
GRANT SELECT ON plantrail.log TO {service};
