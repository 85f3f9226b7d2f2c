-- The dimensions of events of one pool, a row for each feature that they fed. Ids are given as in
-- event.sql of the ledger; extracted.py puts the dimensions into words.
with numbers as (
    select unnest(cast($numbers as bigint[])) as number
),

texts as (
    select unnest(cast($texts as varchar[])) as text
),

found as (
    select usage_events.*
    from usage_events
    inner join numbers on usage_events.event_number = numbers.number
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and slot >= $first
        and slot < $until_slot
    union all
    select usage_events.*
    from usage_events
    inner join texts on usage_events.event_text = texts.text
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and slot >= $first
        and slot < $until_slot
)

select
    found.event_id,
    features.feature_id,
    found.dim_1,
    found.dim_2,
    found.dim_3,
    found.dim_4,
    found.dim_5,
    found.dim_6,
    found.dim_7,
    found.dim_8,
    map_entries(found.rest) as rest
from found
left join features on found.feature_key = features.feature_key
order by found.event_id asc, features.feature_id asc
