-- How many rows of given_ledger each customer has.
select
    known(customers.customer_key, given.customer_id) as customer_key,
    count(*) as count_rows
from given_ledger as given
left join customers on given.customer_id = customers.customer_id
group by all
order by customer_key
