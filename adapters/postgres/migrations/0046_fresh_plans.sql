-- Where most plans have sections that are stale, those that have none are few, and no order finds them.
CREATE INDEX portfolio_fresh_idx ON plantrail.portfolio (generation, archived) WHERE stale_sections = '{}';

-- The plans of an owner, the greatest first: what is asked of an owner most often.  It finds them for other orders too.
DROP INDEX plantrail.portfolio_owner_idx;
CREATE INDEX portfolio_owner_idx ON plantrail.portfolio (generation, archived, owner, arr, plan_id);
