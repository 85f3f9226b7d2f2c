-- How many rows each customer's ledger is to have.
with every as (
    select customer_key
    from told
    union all
    select customer_key
    from moves
)

select
    customer_key,
    count(*) as count_rows
from every
group by customer_key
order by customer_key
