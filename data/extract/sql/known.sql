-- What the statements that fill an extract from given_<table> share. known() refuses an id that its
-- own table lacks: a lost resource would move credits to the customer-level pool in silence.
create or replace temp macro known(key, id) as
case
    when id is null or key is not null then key
    else error('it names ' || id || ', which its own table does not list')
end;

create or replace temp view pools as
select
    resources.resource_key,
    resources.resource_id,
    customers.customer_id
from resources
inner join customers on resources.customer_key = customers.customer_key;
