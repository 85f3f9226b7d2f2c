-- The dimension keys that occur in the scope and contain the search text.
with pool as (
    select
        customers.customer_key,
        resources.resource_key
    from customers
    left join resources
        on
            customers.customer_key = resources.customer_key
            and resources.resource_id = $resource_id
    where customers.customer_id = $customer_id
),

in_scope as (
    select usage_events.*
    from usage_events
    where
        usage_events.currency_key = (
            select currencies.currency_key from currencies
            where currencies.currency_id = $currency_id
        )
        and (
            $customer_id is null
            or (
                usage_events.customer_key = (select pool.customer_key from pool)
                and usage_events.resource_key is not distinct from (
                    select pool.resource_key from pool
                )
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
