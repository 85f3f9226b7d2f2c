-- The dimension keys of the part's pools; $promoted are those of the places.
insert into part.pool_keys
with promoted as (
    select
        customer_key,
        resource_key,
        currency_key,
        unnest($promoted) as dimension_key,
        unnest(list_slice(
            [
                count(dim_1), count(dim_2), count(dim_3), count(dim_4),
                count(dim_5), count(dim_6), count(dim_7), count(dim_8)
            ],
            1, len($promoted)
        )) as events
    from part.usage_events
    group by customer_key, resource_key, currency_key
),

others as (
    select
        customer_key,
        resource_key,
        currency_key,
        unnest(map_keys(rest)) as dimension_key
    from part.usage_events
),

counted as (
    select *
    from promoted
    where events > 0
    union all
    select
        customer_key,
        resource_key,
        currency_key,
        dimension_key,
        count(*) as events
    from others
    group by all
)

select *
from counted
order by customer_key, resource_key, currency_key, dimension_key
