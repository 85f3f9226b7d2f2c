-- Grants with less than nothing consumed, or more than they hold; only an overdraft may owe.
select
    concat_ws('-', customer_id, currency_id, resource_id) as pool,
    grant_id,
    amount,
    consumed_amount as consumed
from grants
where
    consumed_amount < 0
    or (grant_type != 'OVERDRAFT' and consumed_amount > amount)
order by pool, grant_id
