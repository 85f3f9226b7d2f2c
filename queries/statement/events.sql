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
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and slot >= $first
        and slot < $until_slot
        and occurred_at >= $since
        and occurred_at < $until
),

named as (
    select
        consumed.occurred_at as happened_at,
        consumed.event_id as of_event,
        consumed.grant_id,
        consumed.amount,
        consumed.feature_key,
        features.feature_id,
        events.dim_1,
        events.dim_2,
        events.dim_3,
        events.dim_4,
        events.dim_5,
        events.dim_6,
        events.dim_7,
        events.dim_8,
        events.rest
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
            $only_1 is null
            or (
                of_event is not null
                and passes(
                    $values_1, $codes_1, false,
                    key_code(
                        $only_1, null, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    ),
                    dimension_text($only_1, rest)
                )
            )
        )
        and (
            $only_2 is null
            or (
                of_event is not null
                and passes(
                    $values_2, $codes_2, false,
                    key_code(
                        $only_2, null, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    ),
                    dimension_text($only_2, rest)
                )
            )
        )
        and (
            $only_3 is null
            or (
                of_event is not null
                and passes(
                    $values_3, $codes_3, false,
                    key_code(
                        $only_3, null, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    ),
                    dimension_text($only_3, rest)
                )
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
        any_value(dim_1) as dim_1,
        any_value(dim_2) as dim_2,
        any_value(dim_3) as dim_3,
        any_value(dim_4) as dim_4,
        any_value(dim_5) as dim_5,
        any_value(dim_6) as dim_6,
        any_value(dim_7) as dim_7,
        any_value(dim_8) as dim_8,
        any_value(rest) as rest
    from kept
    group by happened_at, of_event, feature_id, grant_id
    order by credits desc, occurred_at desc, event_id asc, feature_id asc, grant_id asc
    limit $most_rows
)

select
    occurred_at,
    event_id,
    feature_id,
    grant_id,
    credits,
    dimensions_text(dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest) as dimensions
from single
order by credits desc, occurred_at desc, event_id asc, feature_id asc, grant_id asc
