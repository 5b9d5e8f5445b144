-- How far each table that is made from the log has come.  A rebuild fills a generation of its own beside the live one.
CREATE TABLE plantrail.projections (
    name text NOT NULL,
    generation int NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    live boolean NOT NULL DEFAULT false,
    PRIMARY KEY (name, generation)
);
CREATE UNIQUE INDEX projections_live_idx ON plantrail.projections (name) WHERE live;
INSERT INTO plantrail.projections (name, generation, live) VALUES ('portfolio', 1, true);

-- A row for each plan, as of a day: see application/portfolio/row.py.
CREATE TABLE plantrail.portfolio (
    generation int NOT NULL,
    plan_id uuid NOT NULL,
    account_id text NOT NULL,
    account_name text NOT NULL,
    tier text NOT NULL,
    owner text NOT NULL,
    segment text,
    territory text,
    currency text NOT NULL,
    archived boolean NOT NULL,
    arr numeric,
    renews_on date,
    open_promises int NOT NULL,
    overdue int NOT NULL,
    last_review_on date,
    last_review_id text,
    stale_sections text[] NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    opened_on date NOT NULL,
    last_event_at timestamptz NOT NULL,
    name_key text COLLATE "C" NOT NULL,
    tier_rank int NOT NULL,
    changes_at timestamptz,  -- when the row is no longer true if nothing happens
    line jsonb NOT NULL,     -- what it takes to carry the row on
    PRIMARY KEY (generation, plan_id)
) WITH (fillfactor = 70);

-- One for every order; read backwards they serve the descending one.
CREATE INDEX portfolio_name_idx ON plantrail.portfolio (generation, archived, name_key, plan_id);
CREATE INDEX portfolio_arr_idx ON plantrail.portfolio (generation, archived, arr, plan_id);
CREATE INDEX portfolio_renews_on_idx ON plantrail.portfolio (generation, archived, renews_on, plan_id);
CREATE INDEX portfolio_open_promises_idx ON plantrail.portfolio (generation, archived, open_promises, plan_id);
CREATE INDEX portfolio_overdue_idx ON plantrail.portfolio (generation, archived, overdue, plan_id);
CREATE INDEX portfolio_last_review_on_idx ON plantrail.portfolio (generation, archived, last_review_on, plan_id);
CREATE INDEX portfolio_tier_idx ON plantrail.portfolio (generation, archived, tier_rank, plan_id);
-- For the filters that no order serves, and for the rows that time alone changes.
CREATE INDEX portfolio_owner_idx ON plantrail.portfolio (generation, owner);
CREATE INDEX portfolio_stale_idx ON plantrail.portfolio (generation, archived) WHERE stale_sections <> '{}';
CREATE INDEX portfolio_changes_at_idx ON plantrail.portfolio (generation, changes_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON plantrail.projections, plantrail.portfolio TO {service};
