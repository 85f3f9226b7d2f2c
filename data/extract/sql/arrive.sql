-- Customers and resources that are met for the first time get the next keys. `arrivals` are the
-- pools of the events that are to be laid now.
insert into customers
select
    row_number() over (order by arrivals.customer_id)
    + (select coalesce(max(held.customer_key), 0) from customers as held) as customer_key,
    arrivals.customer_id,
    any_value(arrivals.customer_id) as customer_name,
    null as email,
    min(arrivals.first_at) as created_at
from arrivals
anti join customers on arrivals.customer_id = customers.customer_id
group by arrivals.customer_id;

create or replace temp view named_pools as
select
    resources.resource_key,
    resources.resource_id,
    customers.customer_id
from resources
inner join customers on resources.customer_key = customers.customer_key;

insert into resources
with new_resources as (
    select
        arrivals.customer_id,
        arrivals.resource_id,
        min(arrivals.first_at) as created_at
    from arrivals
    anti join named_pools
        on
            arrivals.customer_id = named_pools.customer_id
            and arrivals.resource_id = named_pools.resource_id
    where arrivals.resource_id is not null
    group by arrivals.customer_id, arrivals.resource_id
)

select
    row_number() over (order by new_resources.customer_id, new_resources.resource_id)
    + (select coalesce(max(held.resource_key), 0) from resources as held) as resource_key,
    customers.customer_key,
    new_resources.resource_id,
    new_resources.created_at
from new_resources
inner join customers on new_resources.customer_id = customers.customer_id;
