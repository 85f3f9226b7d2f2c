-- Every pool that there can be: of a customer, and of each of its resources.
create view pools as
select
    customers.customer_id,
    customers.customer_key,
    cast(null as varchar) as resource_id,
    cast(null as integer) as resource_key
from customers
union all
select
    customers.customer_id,
    customers.customer_key,
    resources.resource_id,
    resources.resource_key
from resources
inner join customers on resources.customer_key = customers.customer_key
