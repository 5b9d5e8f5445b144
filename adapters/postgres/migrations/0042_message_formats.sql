-- What an endpoint is sent: CloudEvents for programs, or messages for people in a chat.
ALTER TABLE plantrail.webhook_endpoints
    ADD COLUMN format text NOT NULL DEFAULT 'cloudevents' CHECK (format IN ('cloudevents', 'slack', 'teams'));
