-- Findings that are the same as before are not written anew: a digest of a plan's, by a key of the store.
ALTER TABLE plantrail.judged_plans ADD COLUMN found bytea;
