-- The number of open promises of each plan changes with nearly every event.  As long as an index of the portfolio had it,
-- each of these changes was an entry in every index of that wide table; here there are two small ones.
CREATE TABLE plantrail.portfolio_open_promises (
    of_generation int NOT NULL,
    of_plan uuid NOT NULL,
    of_archived boolean NOT NULL,
    how_many int NOT NULL,
    PRIMARY KEY (of_generation, of_plan),
    FOREIGN KEY (of_generation, of_plan) REFERENCES plantrail.portfolio (generation, plan_id) ON DELETE CASCADE
) WITH (fillfactor = 70);
INSERT INTO plantrail.portfolio_open_promises SELECT generation, plan_id, archived, open_promises FROM plantrail.portfolio;
CREATE INDEX portfolio_open_promises_order_idx
    ON plantrail.portfolio_open_promises (of_generation, of_archived, how_many, of_plan);
DROP INDEX plantrail.portfolio_open_promises_idx;

GRANT SELECT, INSERT, UPDATE, DELETE ON plantrail.portfolio_open_promises TO {service};
