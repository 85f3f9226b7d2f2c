-- One event of a pool, a row for each feature that it fed. An id that is kept as a number is looked
-- for as one, which reads a fifth of what the ids would take.
with found as (
    select *
    from usage_events
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and (
            event_number = try_cast(substr($event_id, length(id_prefix) + 1) as bigint)
            or event_text = $event_id
        )
        and event_id = $event_id
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
order by features.feature_id asc
