-- One row per pool and bucket with events. $cuts are the starts of the buckets.
with buckets as (
    select unnest($cuts) as bucket
),

used as (
    select
        usage_events.customer_key,
        usage_events.resource_key,
        buckets.bucket,
        sum(usage_events.credits) as credits
    from usage_events
    inner join currencies on usage_events.currency_key = currencies.currency_key
    asof inner join buckets on usage_events.occurred_at >= buckets.bucket
    where
        usage_events.occurred_at >= $since
        and usage_events.occurred_at < $until
        and currencies.currency_id = $currency_id
    group by all
)

select
    pools.customer_id,
    pools.resource_id,
    used.bucket,
    used.credits
from used
inner join pools
    on
        used.customer_key = pools.customer_key
        and used.resource_key is not distinct from pools.resource_key
where $customers is null or list_contains($customers, pools.customer_id)
order by pools.customer_id asc, pools.resource_id asc nulls first, used.bucket asc
limit $most_rows
