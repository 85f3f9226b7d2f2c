-- The events of the months as lay takes them, and the values of their promoted keys.
create or replace temp view incoming as
select
    event_id,
    customer_key,
    resource_key,
    feature_key,
    currency_key,
    occurred_at,
    getvariable('loaded_at') as loaded_at,
    units,
    credits,
    1 as events,
    dim_1,
    dim_2,
    dim_3,
    dim_4,
    dim_5,
    dim_6,
    dim_7,
    dim_8,
    rest
from plain_events
union all
select
    odd_rows.event_id,
    customers.customer_key,
    named_pools.resource_key,
    features.feature_key,
    currencies.currency_key,
    odd_rows.occurred_at,
    getvariable('loaded_at') as loaded_at,
    odd_rows.units,
    odd_rows.credits,
    1 as events,
    odd_rows.dim_1,
    odd_rows.dim_2,
    odd_rows.dim_3,
    odd_rows.dim_4,
    odd_rows.dim_5,
    odd_rows.dim_6,
    odd_rows.dim_7,
    odd_rows.dim_8,
    odd_rows.rest
from odd_rows
inner join customers on odd_rows.customer_id = customers.customer_id
inner join features on odd_rows.feature_id = features.feature_id
inner join currencies on odd_rows.currency_id = currencies.currency_id
left join named_pools
    on
        odd_rows.customer_id = named_pools.customer_id
        and odd_rows.resource_id = named_pools.resource_id;

create or replace temp view incoming_values as
select
    event_id,
    occurred_at,
    dim_1,
    dim_2,
    dim_3,
    dim_4,
    dim_5,
    dim_6,
    dim_7,
    dim_8
from plain_rows
union all
select
    event_id,
    occurred_at,
    dim_1,
    dim_2,
    dim_3,
    dim_4,
    dim_5,
    dim_6,
    dim_7,
    dim_8
from odd_rows;
