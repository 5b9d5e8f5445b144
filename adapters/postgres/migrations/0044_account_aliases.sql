-- Other ids of accounts stand on the log alone: they are few, and found there.
CREATE INDEX stored_events_aliases_idx ON plantrail.stored_events (notification_id) WHERE topic = 'AccountAliased';
