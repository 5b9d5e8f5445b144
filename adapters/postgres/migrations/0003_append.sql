-- The one append path.  Every command of a batch whose plan is still at the version it was decided against, and whose
-- answer is not known yet, is recorded whole; the others drop out whole and disturb nobody.
--
-- The lock comes first, in a statement of its own: in a volatile function each later statement sees what was committed
-- before the lock was had.  Held to the end of the transaction, it makes the order of positions the order of commits.
CREATE FUNCTION plantrail.append(
    plans uuid[],             -- per command
    expected bigint[],
    scopes bytea[],           -- null where the caller sent no Idempotency-Key
    bodies bytea[],
    answers jsonb,            -- one for each command, if any has a scope
    commands int[],           -- per event: which command, from 1
    versions bigint[],
    topics text[],
    states bytea[]
) RETURNS TABLE (command int, recorded boolean, head bigint, head_position bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    winners int[];
BEGIN
    PERFORM pg_advisory_xact_lock(plantrail.append_lock());

    -- An answer is kept for a day; after that its key is as good as new.
    IF answers <> '[]' THEN
        DELETE FROM plantrail.answers a WHERE a.scope = ANY (scopes) AND a.answered_at <= now() - interval '24 hours';
    END IF;

    winners := ARRAY(
        SELECT c.place FROM unnest(plans, expected, scopes) WITH ORDINALITY AS c (plan, expected, scope, place)
        WHERE c.expected = coalesce(
                (SELECT max(e.originator_version) FROM plantrail.stored_events e WHERE e.originator_id = c.plan), 0)
          AND NOT EXISTS (SELECT FROM plantrail.answers a WHERE a.scope = c.scope)
    );

    INSERT INTO plantrail.stored_events (originator_id, originator_version, topic, state)
    SELECT plans[e.command], e.version, e.topic, e.state
    FROM unnest(commands, versions, topics, states) WITH ORDINALITY AS e (command, version, topic, state, place)
    WHERE e.command = ANY (winners)
    ORDER BY e.place;

    IF FOUND THEN
        -- One notification for the whole batch; it is a hint, nobody relies on it.
        PERFORM pg_notify('plantrail', '');
    END IF;

    IF answers <> '[]' THEN
        INSERT INTO plantrail.answers (scope, body, plan_id, answer)
        SELECT scopes[w], bodies[w], plans[w], append.answers->(w - 1) FROM unnest(winners) AS w WHERE scopes[w] IS NOT NULL;
    END IF;

    RETURN QUERY
        SELECT c.place::int, c.place = ANY (winners), coalesce(h.originator_version, 0), coalesce(h.notification_id, 0)
        FROM unnest(plans) WITH ORDINALITY AS c (plan, place)
        LEFT JOIN LATERAL (
            SELECT e.originator_version, e.notification_id FROM plantrail.stored_events e
            WHERE e.originator_id = c.plan ORDER BY e.originator_version DESC LIMIT 1
        ) AS h ON true
        ORDER BY c.place;
END;
$$;

-- Every writer to the log takes this lock.
CREATE FUNCTION plantrail.append_lock() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 7016996765293437281 $$;

GRANT EXECUTE ON FUNCTION plantrail.append, plantrail.append_lock TO {service};
