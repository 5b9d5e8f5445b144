-- By which definition each table that is made from the log was made: a process that has a newer one rebuilds it.
ALTER TABLE plantrail.projections ADD COLUMN shape int NOT NULL DEFAULT 0;
