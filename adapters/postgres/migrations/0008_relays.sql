-- How far each relay to a broker has come: the last event the broker is known to have.
CREATE TABLE plantrail.relays (
    name text PRIMARY KEY,
    log_id uuid NOT NULL,       -- of another log it is a cursor of that one
    position bigint NOT NULL,
    relayed_at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT, UPDATE ON plantrail.relays TO {service};
