-- The open promises of all plans, by who promised, made from the log: see adapters/postgres/promises.py.  Words of them
-- are not kept: whoever asks reads them of the plans.
CREATE TABLE plantrail.promises (
    generation int NOT NULL,
    plan_id uuid NOT NULL,
    noun text NOT NULL,
    id text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    owner text NOT NULL,
    side text NOT NULL,
    due_on date NOT NULL,
    overdue_at timestamptz NOT NULL,
    PRIMARY KEY (generation, plan_id, noun, id)
);
CREATE INDEX promises_owner_idx ON plantrail.promises (generation, owner, due_on, plan_id, noun, id);
CREATE INDEX promises_due_idx ON plantrail.promises (generation, due_on, plan_id, noun, id);

-- Plans whose promises are to be listed anew, and the position of the last event that says so.
CREATE TABLE plantrail.plans_to_list (
    generation int NOT NULL,
    plan_id uuid NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (generation, plan_id)
);

INSERT INTO plantrail.projections (name, generation, live) VALUES ('promises', 1, true);
GRANT SELECT, INSERT, UPDATE, DELETE ON plantrail.promises, plantrail.plans_to_list TO {service};
