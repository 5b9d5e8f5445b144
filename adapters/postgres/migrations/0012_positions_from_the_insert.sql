-- The append function answers who won and where the last event went, and leaves it to the caller, who knows how many
-- events each command has, to count back: nothing else draws a position while the lock is held.  One look-up less for
-- each command.
DROP FUNCTION plantrail.append;

CREATE FUNCTION plantrail.append(
    plans uuid[],             -- per command
    expected bigint[],
    scopes bytea[],           -- null where the caller sent no Idempotency-Key
    bodies bytea[],
    answers jsonb,            -- one for each command, if any has a scope
    commands bigint[],        -- per event: which command, from 1
    versions bigint[],
    topics text[],
    states bytea[],
    OUT winners bigint[],     -- the commands that were recorded, in order
    OUT last_position bigint  -- of the last event that was; 0 where none was
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(plantrail.append_lock());
    last_position := 0;

    -- An answer is kept for a day; after that its key is as good as new.
    IF answers <> '[]' THEN
        DELETE FROM plantrail.answers a WHERE a.scope = ANY (scopes) AND a.answered_at <= now() - interval '24 hours';
    END IF;

    winners := ARRAY(
        SELECT c.place FROM unnest(plans, expected, scopes) WITH ORDINALITY AS c (plan, expected, scope, place)
        WHERE c.expected = coalesce(
                (SELECT max(e.originator_version) FROM plantrail.stored_events e WHERE e.originator_id = c.plan), 0)
          AND NOT EXISTS (SELECT FROM plantrail.answers a WHERE a.scope = c.scope)
        ORDER BY c.place
    );

    INSERT INTO plantrail.stored_events (originator_id, originator_version, topic, state)
    SELECT plans[e.command], e.version, e.topic, e.state
    FROM unnest(commands, versions, topics, states) WITH ORDINALITY AS e (command, version, topic, state, place)
    WHERE e.command = ANY (winners)
    ORDER BY e.place;

    IF FOUND THEN
        last_position := currval('plantrail.stored_events_notification_id_seq');
        -- One notification for the whole batch; it is a hint, nobody relies on it.
        PERFORM pg_notify('plantrail', '');
    END IF;

    IF answers <> '[]' THEN
        INSERT INTO plantrail.answers (scope, body, plan_id, answer)
        SELECT scopes[w], bodies[w], plans[w], append.answers->(w - 1)::int FROM unnest(winners) AS w WHERE scopes[w] IS NOT NULL;
    END IF;
END;
$$;

GRANT EXECUTE ON FUNCTION plantrail.append TO {service};
