-- The dimension keys that occur in the scope and contain the search text.
with in_scope as (
    select usage_events.*
    from usage_events
    inner join pools
        on
            usage_events.customer_key = pools.customer_key
            and usage_events.resource_key is not distinct from pools.resource_key
    inner join currencies on usage_events.currency_key = currencies.currency_key
    where
        currencies.currency_id = $currency_id
        and (
            $customer_id is null
            or (
                pools.customer_id = $customer_id
                and pools.resource_id is not distinct from $resource_id
            )
        )
),

keys as (
    select distinct
        unnest(
            dimension_keys(dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest)
        ) as key
    from in_scope
)

select key
from keys
where contains(lower(key), lower($search))
order by key
limit $most_rows
