-- One event of a pool, a row for each feature that it fed.
select
    usage_events.event_id,
    features.feature_id,
    currencies.currency_id,
    usage_events.occurred_at,
    usage_events.loaded_at,
    usage_events.units,
    usage_events.credits,
    dimensions_text(
        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
    ) as dimensions
from usage_events
inner join pools
    on
        usage_events.customer_key = pools.customer_key
        and usage_events.resource_key is not distinct from pools.resource_key
left join features on usage_events.feature_key = features.feature_key
left join currencies on usage_events.currency_key = currencies.currency_key
where
    pools.customer_id = $customer_id
    and pools.resource_id is not distinct from $resource_id
    and usage_events.event_id = $event_id
order by features.feature_id asc
