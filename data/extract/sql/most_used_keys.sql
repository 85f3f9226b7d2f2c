-- The eight dimension keys that most events have, of the events held and those incoming.
with
promoted as (
    select
        unnest($promoted::varchar[]) as dimension_key,
        unnest([
            count(dim_1), count(dim_2), count(dim_3), count(dim_4),
            count(dim_5), count(dim_6), count(dim_7), count(dim_8)
        ]) as count_events
    from usage_events
),

others as (
    select unnest(map_keys(rest)) as dimension_key
    from usage_events
    union all
    select unnest(dimensions)['key'] as dimension_key
    from incoming
),

counted as (
    select
        dimension_key,
        count_events
    from promoted
    union all
    select
        dimension_key,
        count(*) as count_events
    from others
    group by dimension_key
)

select dimension_key
from counted
where dimension_key is not null
group by dimension_key
order by sum(count_events) desc nulls last, dimension_key asc
limit 8
