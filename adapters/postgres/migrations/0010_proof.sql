-- The Merkle tree over the log, as application/proof/merkle.py keeps it.  A hash of level n spans 256^n events; of level 0 it is
-- the leaf of the event at a position: positions have holes, indexes have none.
CREATE TABLE plantrail.tree (
    level smallint NOT NULL,
    index bigint NOT NULL,
    hash bytea NOT NULL,
    position bigint UNIQUE,
    PRIMARY KEY (level, index),
    CHECK ((level = 0) = (position IS NOT NULL))
);

-- Every checkpoint that was ever signed, numbered from 1 without gaps, with the key that verifies it.
CREATE TABLE plantrail.checkpoints (
    number bigint PRIMARY KEY,
    log_id uuid NOT NULL,
    size bigint NOT NULL,
    note text NOT NULL,
    key text NOT NULL,
    sealed_at timestamptz NOT NULL,
    UNIQUE (log_id, size)
);
CREATE INDEX checkpoints_size_idx ON plantrail.checkpoints (size);

CREATE FUNCTION plantrail.refuse_other_proof() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what proves the log is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END;
$$;

CREATE TRIGGER tree_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON plantrail.tree
    FOR EACH STATEMENT EXECUTE FUNCTION plantrail.refuse_other_proof();
CREATE TRIGGER checkpoints_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON plantrail.checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION plantrail.refuse_other_proof();

GRANT SELECT, INSERT ON plantrail.tree, plantrail.checkpoints TO {service};
