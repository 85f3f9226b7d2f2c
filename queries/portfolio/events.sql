-- What each pool used by unit of time, from events.
select
    customer_key,
    resource_key,
    case when $is_whole then 0 else (slot - $phase) // $step end as unit,
    sum(credits) as credits
from coded_events
where
    slot >= $first
    and slot < $until
    and ($first_micro = 0 or slot > $first or micro >= $first_micro)
    and ($until_micro = 900000000 or slot < $until - 1 or micro < $until_micro)
    and currency_key = $currency_key
    and (
        $customers is null
        or customer_key in (
            select customers.customer_key from customers
            where list_contains($customers, customers.customer_id)
        )
    )
group by all
