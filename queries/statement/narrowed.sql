-- What one pool's ledger has of those events that have certain values, one row per event and grant.
-- $is_numbered as in spent.sql; two events at one time for as many credits go by the numbers of
-- their ids, whose order is that of the ids.
with consumed as (
    select
        occurred_at as happened_at,
        feature_key,
        coalesce(case when $is_numbered then event_number end, -1) as event_number,
        coalesce(case when $is_numbered then event_text else event_id end, '') as event_text,
        grant_id,
        amount
    from ledger
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
        and occurred_at >= $since
        and occurred_at < $until
        and (
            (event_type = 'CREDITS_CONSUMED' and $grant_id is null)
            or (starts_with(event_type, 'CREDITS_CONSUM') and grant_id = $grant_id)
        )
),

events as (
    select
        * exclude (event_number, event_text),
        coalesce(case when $is_numbered then event_number end, -1) as event_number,
        coalesce(case when $is_numbered then event_text else event_id end, '') as event_text
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
        consumed.*,
        consumed.event_number >= 0 or consumed.event_text != '' as is_of_event,
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
            consumed.event_number = events.event_number
            and consumed.event_text = events.event_text
            and consumed.feature_key is not distinct from events.feature_key
),

kept as (
    select *
    from named
    where
        (
            $only_1 is null
            or (
                is_of_event
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
                is_of_event
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
                is_of_event
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
        happened_at,
        event_number,
        event_text,
        feature_key,
        grant_id,
        -sum(amount) as credits
    from kept
    group by happened_at, event_number, event_text, feature_key, grant_id
    order by
        credits desc, happened_at desc, event_text asc, event_number asc, feature_key asc,
        grant_id asc
    limit $most_rows
)

select
    single.happened_at as occurred_at,
    single.event_number,
    single.event_text,
    ledger_event_id(nullif(single.event_number, -1), nullif(single.event_text, '')) as event_id,
    features.feature_id,
    single.grant_id,
    single.credits
from single
left join features on single.feature_key = features.feature_key
order by
    single.credits desc, single.happened_at desc, event_id asc, features.feature_id asc,
    single.grant_id asc
