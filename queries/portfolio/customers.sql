-- Every customer.
select
    customer_id,
    name
from customers
order by customer_id
limit $most_rows
