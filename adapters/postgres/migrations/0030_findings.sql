-- The findings of all plans as they stand, made from the log and moved by midnight: see adapters/postgres/findings.py.
CREATE TABLE plantrail.judged_plans (
    generation int NOT NULL,
    plan_id uuid NOT NULL,
    judged bigint NOT NULL DEFAULT 0,  -- the position of the last event the verdict rests on
    judged_on date,                    -- the day the verdict is about; none before the first
    timezone text,
    changes_at timestamptz,            -- when the verdict may be another one; -infinity: it was overtaken by an event
    signs jsonb,                       -- what rules about the whole program look at
    words bytea,                       -- a MinHash signature of what the plan says
    PRIMARY KEY (generation, plan_id)
) WITH (fillfactor = 70);
CREATE INDEX judged_plans_changes_at_idx ON plantrail.judged_plans (generation, changes_at);

CREATE TABLE plantrail.findings (
    generation int NOT NULL,
    plan_id uuid NOT NULL,
    place int NOT NULL,        -- among those of its plan
    rule text NOT NULL,
    loudness int NOT NULL,     -- 0 is the loudest
    since_on date NOT NULL,
    excused boolean NOT NULL,
    box bytea NOT NULL,        -- the finding itself, sealed: it may speak of people
    PRIMARY KEY (generation, plan_id, place)
);
CREATE INDEX findings_order_idx ON plantrail.findings (generation, excused, loudness, since_on, plan_id, place);
CREATE INDEX findings_rule_idx ON plantrail.findings (generation, rule);

INSERT INTO plantrail.projections (name, generation, live) VALUES ('findings', 1, true);
GRANT SELECT, INSERT, UPDATE, DELETE ON plantrail.judged_plans, plantrail.findings TO {service};
