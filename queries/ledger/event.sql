-- One event of a pool, a row for each feature that it fed. Ids are kept as numbers or as texts, and
-- looked for as both: $numbers are what the id would be kept as. Whole ids are made of the few rows
-- found only, hence "materialized".
with numbers as (
    select unnest(cast($numbers as bigint[])) as number
),

found as materialized (
    select usage_events.*
    from usage_events
    inner join numbers on usage_events.event_number = numbers.number
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
    union all
    select *
    from usage_events
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and event_text = $event_id
)

select
    found.event_id,
    features.feature_id,
    currencies.currency_id,
    found.occurred_at,
    found.loaded_at,
    found.units,
    found.credits,
    dimensions_text(
        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
    ) as dimensions
from found
left join features on found.feature_key = features.feature_key
left join currencies on found.currency_key = currencies.currency_key
where found.event_id = $event_id
order by features.feature_id asc
