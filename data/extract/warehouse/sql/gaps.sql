-- What the files do not tell: grants that are named and not there, grants with consumption that no
-- row tells, grants with more consumption in rows than they say, events whose parts are not whole.
with unknown as (
    select count(*) as count_unknown
    from burned
    anti join grants on burned.grant_id = grants.grant_id
),

uneven as (
    select coalesce(sum(events), 0) as count_uneven
    from spool.uneven
)

select
    any_value(unknown.count_unknown) as count_unknown,
    count(*) filter (untold.credits > 0) as count_untold,
    coalesce(sum(untold.credits) filter (untold.credits > 0), 0) as credits_untold,
    count(*) filter (untold.credits < 0) as count_ahead,
    any_value(uneven.count_uneven) as count_uneven
from unknown
cross join uneven
left join untold on untold.credits != 0
