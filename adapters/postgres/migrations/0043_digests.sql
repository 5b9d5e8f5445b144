-- An endpoint with a schedule is sent digests instead of events.
ALTER TABLE plantrail.webhook_endpoints
    ADD COLUMN digest text,            -- when: `monday 08:00`, `day 08:00`
    ADD COLUMN timezone text,          -- by whose clock
    ADD COLUMN person text,            -- only of what concerns somebody; null: of the plans
    ADD COLUMN digest_at timestamptz;  -- when the next one is due
CREATE INDEX webhook_endpoints_digest_idx ON plantrail.webhook_endpoints (digest_at) WHERE digest IS NOT NULL;
