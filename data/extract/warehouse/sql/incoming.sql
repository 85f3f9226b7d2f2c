-- The usage as lay takes it. The layout tells neither units nor dimensions.
create or replace temp view incoming as
select
    usage_rows.event_id,
    customers.customer_key,
    named_pools.resource_key,
    features.feature_key,
    currencies.currency_key,
    usage_rows.event_timestamp as occurred_at,
    coalesce(usage_rows.created_at, getvariable('loaded_at')) as loaded_at,
    cast(0 as decimal(24, 5)) as units,
    usage_rows.credits,
    1 as events,
    cast(null as varchar) as dim_1,
    cast(null as varchar) as dim_2,
    cast(null as varchar) as dim_3,
    cast(null as varchar) as dim_4,
    cast(null as varchar) as dim_5,
    cast(null as varchar) as dim_6,
    cast(null as varchar) as dim_7,
    cast(null as varchar) as dim_8,
    map_from_entries(cast([] as struct(key varchar, value varchar)[])) as rest
from usage_rows
inner join customers on usage_rows.customer_id = customers.customer_id
inner join currencies on usage_rows.credit_currency_id = currencies.currency_id
left join features on usage_rows.feature_id = features.feature_id
left join named_pools
    on
        usage_rows.customer_id = named_pools.customer_id
        and usage_rows.resource_id = named_pools.resource_id;

create or replace temp view incoming_values as
select
    event_id,
    event_timestamp as occurred_at,
    cast(null as varchar) as dim_1,
    cast(null as varchar) as dim_2,
    cast(null as varchar) as dim_3,
    cast(null as varchar) as dim_4,
    cast(null as varchar) as dim_5,
    cast(null as varchar) as dim_6,
    cast(null as varchar) as dim_7,
    cast(null as varchar) as dim_8
from usage_rows;
