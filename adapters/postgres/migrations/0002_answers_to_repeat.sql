-- What was answered under an Idempotency-Key.  `scope` is an HMAC of caller, route and key, `body` one of the body:
-- neither they nor the answer hold anybody's words.
CREATE TABLE plantrail.answers (
    scope bytea PRIMARY KEY,
    body bytea NOT NULL,
    plan_id uuid NOT NULL,
    answer jsonb NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX answers_answered_at_idx ON plantrail.answers (answered_at);

GRANT SELECT, INSERT, DELETE ON plantrail.answers TO {service};
