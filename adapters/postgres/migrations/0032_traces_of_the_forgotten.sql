-- Which events lost words when somebody was forgotten, and which still name them: ids and fields, no words.  It is found
-- before their key is destroyed, for afterwards nobody knows their name; null where nobody had looked.
ALTER TABLE plantrail_keys.erasures ADD COLUMN traces jsonb;
GRANT UPDATE (traces) ON plantrail_keys.erasures TO {keys};

-- Endpoints of people whose ids are e-mail addresses, which are the same in any case.
UPDATE plantrail.webhook_endpoints SET owner = lower(owner) WHERE owner ~ '^[^@[:space:]]+@[^@[:space:]]+$';
