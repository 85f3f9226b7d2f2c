-- One row per bucket, grant, type of change and feature. $cuts are the starts of the buckets and
-- the end of the last; what happened before the first has a null bucket.
with edges as (
    select unnest($cuts) as bucket
),

of_pool as (
    select
        ledger.occurred_at,
        ledger.grant_id,
        ledger.event_type,
        features.feature_id,
        ledger.amount
    from ledger
    inner join pools
        on
            ledger.customer_key = pools.customer_key
            and ledger.resource_key is not distinct from pools.resource_key
    inner join currencies on ledger.currency_key = currencies.currency_key
    left join features on ledger.feature_key = features.feature_key
    where
        pools.customer_id = $customer_id
        and pools.resource_id is not distinct from $resource_id
        and currencies.currency_id = $currency_id
)

select
    edges.bucket,
    of_pool.grant_id,
    of_pool.event_type,
    of_pool.feature_id,
    sum(of_pool.amount) as amount,
    max(of_pool.occurred_at) as last_at
from of_pool
asof left join edges on of_pool.occurred_at >= edges.bucket
group by all
order by
    edges.bucket nulls first,
    of_pool.grant_id,
    of_pool.event_type,
    of_pool.feature_id nulls first
