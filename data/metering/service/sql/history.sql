-- One row per series and point: the units of one feature so far. There is a point at the window's
-- start, at each reset, where they count from 0 again, and at each bucket in which something was
-- reported; a bucket is cut where a period starts. $starts are the window's start and the resets.
with periods as (
    select unnest($starts) as started_at
),

counted as (
    select
        units,
        if($key1 is null, null, coalesce(dimensions[$key1], '')) as tag_1,
        if($key2 is null, null, coalesce(dimensions[$key2], '')) as tag_2,
        if($key3 is null, null, coalesce(dimensions[$key3], '')) as tag_3,
        date_trunc($grain, occurred_at) as bucket,
        coalesce(started_at, $since) as started_at
    from usage_events
    asof left join periods on occurred_at >= started_at
    where
        customer_id = $customer_id
        and resource_id is not distinct from $resource_id
        and feature_id = $feature_id
        and ($counts_from is null or occurred_at >= $counts_from)
        and occurred_at < $until
),

series as (
    select distinct
        tag_1,
        tag_2,
        tag_3
    from counted
),

points as (
    select
        tag_1,
        tag_2,
        tag_3,
        started_at,
        greatest(bucket, started_at) as stamp,
        units
    from counted
    union all
    select
        tag_1,
        tag_2,
        tag_3,
        started_at,
        started_at as stamp,
        0 as units
    from series
    cross join periods
),

reported as (
    select
        tag_1,
        tag_2,
        tag_3,
        started_at,
        stamp,
        sum(units) as units
    from points
    group by all
)

select
    tag_1,
    tag_2,
    tag_3,
    stamp,
    sum(units) over (
        partition by tag_1, tag_2, tag_3, started_at
        order by stamp
    ) as units
from reported
order by
    tag_1 asc,
    tag_2 asc,
    tag_3 asc,
    stamp asc
