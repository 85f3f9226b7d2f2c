-- What each pool used by unit of time, from its days.
select
    customer_key,
    resource_key,
    case when $is_whole then 0 else (day * 96 - $phase) // $step end as unit,
    sum(credits) as credits
from pool_days
where
    day >= $first // 96
    and day < $until // 96
    and currency_key = $currency_key
    and (
        $customers is null
        or customer_key in (
            select customers.customer_key from customers
            where list_contains($customers, customers.customer_id)
        )
    )
group by all
