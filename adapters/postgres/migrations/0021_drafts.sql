-- Drafts of forms that are not sent yet, sealed: see adapters/privacy/drafts.py.
CREATE TABLE plantrail.drafts (
    actor text NOT NULL,
    plan_id uuid NOT NULL,
    form text NOT NULL,
    box bytea NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (plan_id, actor, form)
);
CREATE INDEX drafts_changed_at_idx ON plantrail.drafts (changed_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON plantrail.drafts TO {service};
