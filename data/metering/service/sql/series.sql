-- One row per group: its total, and its distinct events, which buckets may share.
select
    if($key1 is null, null, coalesce(dimensions[$key1], '')) as tag_1,
    if($key2 is null, null, coalesce(dimensions[$key2], '')) as tag_2,
    if($key3 is null, null, coalesce(dimensions[$key3], '')) as tag_3,
    if($by_feature, coalesce(feature_id, ''), null) as feature_id,
    sum(credits) as credits,
    count(distinct event_id) as events
from usage_events
where
    customer_id = $customer_id
    and currency_id = $currency_id
    and resource_id is not distinct from $resource_id
    and occurred_at >= $since
    and occurred_at < $until
group by all
order by credits desc, tag_1 asc, tag_2 asc, tag_3 asc, feature_id asc
