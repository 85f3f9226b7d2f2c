-- The events behind the consumption rows of one pool's ledger, one row per event and grant.
with consumed as (
    select
        ledger.occurred_at,
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
        consumed.occurred_at as happened_at,
        consumed.event_id as of_event,
        consumed.grant_id,
        consumed.amount,
        events.*,
        features.feature_id
    from consumed
    left join events
        on
            consumed.event_id = events.event_id
            and consumed.feature_key is not distinct from events.feature_key
    left join features on consumed.feature_key = features.feature_key
),

kept as (
    select *
    from named
    where
        (
            $only_1 is null or (
                of_event is not null
                and key_value(
                    $only_1, null, coalesce(feature_id, ''),
                    dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
                ) = $value_1
            )
        )
        and (
            $only_2 is null or (
                of_event is not null
                and key_value(
                    $only_2, null, coalesce(feature_id, ''),
                    dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
                ) = $value_2
            )
        )
        and (
            $only_3 is null or (
                of_event is not null
                and key_value(
                    $only_3, null, coalesce(feature_id, ''),
                    dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
                ) = $value_3
            )
        )
),

single as (
    select
        happened_at as occurred_at,
        of_event as event_id,
        feature_id,
        grant_id,
        -sum(amount) as credits,
        any_value(
            dimensions_text(
                dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
            )
        ) as dimensions
    from kept
    group by happened_at, of_event, feature_id, grant_id
)

select *
from single
order by credits desc, occurred_at desc, event_id asc, feature_id asc, grant_id asc
limit $most_rows
