-- Every plan, and when the month ends that is to be kept of it next.
CREATE TABLE plantrail.month_end_plans (
    generation int NOT NULL,
    plan_id uuid NOT NULL,
    timezone text NOT NULL,
    next_month date NOT NULL,       -- its first day
    closes_at timestamptz NOT NULL,
    PRIMARY KEY (generation, plan_id)
);
CREATE INDEX month_end_plans_closes_at_idx ON plantrail.month_end_plans (generation, closes_at);

-- What the months of plans came to that are over: see application/measures/month_end.py and
-- application/reports/plan_month.py.
CREATE TABLE plantrail.month_ends (
    generation int NOT NULL,
    month date NOT NULL,            -- its first day
    plan_id uuid NOT NULL,
    account_id text NOT NULL,
    account_name text NOT NULL,
    owner text NOT NULL,
    tier text NOT NULL,
    segment text,
    territory text,
    currency text NOT NULL,
    policy_version int NOT NULL,
    figures jsonb NOT NULL,         -- by measure and key: the parts
    report jsonb NOT NULL,          -- the plan in the month report, without words
    PRIMARY KEY (generation, month, plan_id)
);

INSERT INTO plantrail.projections (name, generation, live) VALUES ('month_ends', 1, true);

GRANT SELECT, INSERT, UPDATE, DELETE ON plantrail.month_end_plans, plantrail.month_ends TO {service};
