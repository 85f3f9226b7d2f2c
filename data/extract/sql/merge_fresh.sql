-- Of the fresh usage, what the extract has not yet becomes `incoming`, with the keys of this
-- extract; its customers and resources are added. An event counts once for each feature: the
-- first read wins.
create temp table added as
with
known as (
    select
        usage_events.event_id,
        features.feature_id
    from usage_events
    inner join features on usage_events.feature_key = features.feature_key
),

first_read as (
    select min(read_seq) as read_seq
    from fresh
    group by event_id, feature_id
)

select
    fresh.event_id,
    fresh.customer_id,
    fresh.resource_id,
    fresh.feature_id,
    fresh.currency_id,
    fresh.occurred_at,
    fresh.loaded_at,
    fresh.units,
    fresh.credits,
    fresh.dimensions
from fresh
semi join first_read on fresh.read_seq = first_read.read_seq
anti join known on fresh.event_id = known.event_id and fresh.feature_id = known.feature_id;

drop table fresh;

insert into customers
select
    row_number() over (order by added.customer_id)
    + (select coalesce(max(held.customer_key), 0) from customers as held) as customer_key,
    added.customer_id,
    any_value(added.customer_id) as customer_name,
    null as email,
    min(added.occurred_at) as created_at
from added
anti join customers on added.customer_id = customers.customer_id
group by added.customer_id;

create or replace temp view pools as
select
    resources.resource_key,
    resources.resource_id,
    customers.customer_id
from resources
inner join customers on resources.customer_key = customers.customer_key;

insert into resources
with new_resources as (
    select
        added.customer_id,
        added.resource_id,
        min(added.occurred_at) as created_at
    from added
    anti join pools
        on added.customer_id = pools.customer_id and added.resource_id = pools.resource_id
    where added.resource_id is not null
    group by added.customer_id, added.resource_id
)

select
    row_number() over (order by new_resources.customer_id, new_resources.resource_id)
    + (select coalesce(max(held.resource_key), 0) from resources as held) as resource_key,
    customers.customer_key,
    new_resources.resource_id,
    new_resources.created_at
from new_resources
inner join customers on new_resources.customer_id = customers.customer_id;

create temp table incoming as
with keyed as (
    select
        *,
        list_transform(dimensions, lambda entry: entry['key']) as dimension_keys,
        list_transform(dimensions, lambda entry: entry['value']) as dimension_values
    from added
)

select
    added.event_id,
    customers.customer_key,
    pools.resource_key,
    features.feature_key,
    currencies.currency_key,
    added.occurred_at,
    added.loaded_at,
    added.units,
    added.credits,
    1 as events,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[1])] as dim_1,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[2])] as dim_2,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[3])] as dim_3,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[4])] as dim_4,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[5])] as dim_5,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[6])] as dim_6,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[7])] as dim_7,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[8])] as dim_8,
    map_from_entries(
        list_filter(
            dimensions,
            lambda entry: not list_contains(getvariable('promoted'), entry['key'])
        )
    ) as rest
from keyed as added
inner join customers on added.customer_id = customers.customer_id
inner join features on added.feature_id = features.feature_id
inner join currencies on added.currency_id = currencies.currency_id
left join pools
    on added.customer_id = pools.customer_id and added.resource_id = pools.resource_id;

drop table added;
