-- Customers whose id, name or email contains the search text.
select
    customer_id,
    name,
    email
from customers
where
    contains(
        lower(concat_ws(' ', customer_id, name, email)),
        lower($search)
    )
order by customer_id
limit $most_rows
