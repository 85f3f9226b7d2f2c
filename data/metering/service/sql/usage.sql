-- Per group one row for each bucket, and one with bucket null for the whole: distinct events are
-- shared between neither buckets nor groups. Keys that are null are not grouped by; events without
-- a key are under ''.
with tagged as (
    select
        credits,
        event_id,
        date_trunc($grain, occurred_at) as bucket,
        if($key1 is null, null, coalesce(dimensions[$key1], '')) as tag_1,
        if($key2 is null, null, coalesce(dimensions[$key2], '')) as tag_2,
        if($key3 is null, null, coalesce(dimensions[$key3], '')) as tag_3,
        if($by_feature, coalesce(feature_id, ''), null) as feature_id
    from usage_events
    where
        customer_id = $customer_id
        and currency_id = $currency_id
        and resource_id is not distinct from $resource_id
        and occurred_at >= $since
        and occurred_at < $until
)

select
    bucket,
    tag_1,
    tag_2,
    tag_3,
    feature_id,
    sum(credits) as credits,
    count(distinct event_id) as events
from tagged
group by
    grouping sets (
        (bucket, tag_1, tag_2, tag_3, feature_id),
        (tag_1, tag_2, tag_3, feature_id)
    )
order by
    bucket asc nulls first,
    credits desc,
    tag_1 asc,
    tag_2 asc,
    tag_3 asc,
    feature_id asc
