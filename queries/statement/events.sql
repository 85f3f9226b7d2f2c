-- What one pool's ledger has of all its events, as narrowed.sql has it of some.
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

single as (
    select
        happened_at,
        event_number,
        event_text,
        feature_key,
        grant_id,
        -sum(amount) as credits
    from consumed
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
