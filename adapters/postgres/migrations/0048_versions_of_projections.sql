-- How often something was written to a table made from the log: what was read of it is as it was while that is the same.
ALTER TABLE plantrail.projections ADD COLUMN written bigint NOT NULL DEFAULT 0;
