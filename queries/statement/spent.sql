-- What the consumption rows of one pool's ledger sum to, by one key of their events. What moved
-- between grants is consumption of a grant, and none of the pool.
with edges as (
    select unnest($cuts) as bucket
),

consumed as (
    select
        ledger.occurred_at as happened_at,
        ledger.feature_key,
        ledger.event_id,
        ledger.grant_id,
        ledger.amount
    from ledger
    inner join pools
        on
            ledger.customer_key = pools.customer_key
            and ledger.resource_key is not distinct from pools.resource_key
    inner join currencies on ledger.currency_key = currencies.currency_key
    where
        pools.customer_id = $customer_id
        and pools.resource_id is not distinct from $resource_id
        and currencies.currency_id = $currency_id
        and ledger.occurred_at >= $since
        and ledger.occurred_at < $until
        and (
            (ledger.event_type = 'CREDITS_CONSUMED' and $grant_id is null)
            or (
                starts_with(ledger.event_type, 'CREDITS_CONSUM')
                and ledger.grant_id = $grant_id
            )
        )
),

events as (
    select usage_events.*
    from usage_events
    inner join pools
        on
            usage_events.customer_key = pools.customer_key
            and usage_events.resource_key is not distinct from pools.resource_key
    where
        pools.customer_id = $customer_id
        and pools.resource_id is not distinct from $resource_id
        and usage_events.occurred_at >= $since
        and usage_events.occurred_at < $until
),

named as (
    select
        consumed.happened_at,
        consumed.event_id as of_event,
        consumed.grant_id,
        consumed.amount,
        events.*,
        coalesce(features.feature_id, '') as feature_id
    from consumed
    left join events
        on
            consumed.event_id = events.event_id
            and consumed.feature_key is not distinct from events.feature_key
    left join features on consumed.feature_key = features.feature_key
),

keyed as (
    select
        happened_at,
        amount,
        case
            when $key = 'grantId' then grant_id
            when of_event is null then null
            else key_value(
                $key, null, feature_id,
                dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
            )
        end as value,
        key_value(
            $only_1, null, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as only_1,
        key_value(
            $only_2, null, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as only_2,
        key_value(
            $only_3, null, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as only_3,
        of_event
    from named
),

kept as (
    select
        case
            when $key = 'bucket' then strftime(edges.bucket, '%Y-%m-%dT%H:%M')
            else keyed.value
        end as value,
        keyed.amount
    from keyed
    asof inner join edges on keyed.happened_at >= edges.bucket
    where
        ($only_1 is null or (of_event is not null and only_1 = $value_1))
        and ($only_2 is null or (of_event is not null and only_2 = $value_2))
        and ($only_3 is null or (of_event is not null and only_3 = $value_3))
)

select
    value,
    -sum(amount) as credits
from kept
group by value
order by credits desc, value asc nulls last
limit $most_rows
