-- What each pool was charged, from its days.
select
    coalesce(resource_key, -customer_key) as pool,
    sum(events) as events,
    sum(credits) as charged
from pool_days
where
    day >= $first // 96
    and day < $until // 96
    and currency_key = $currency_key
    and (
        $customer_keys is null
        or (
            customer_key between list_min($customer_keys) and list_max($customer_keys)
            and (
                list_min($customer_keys) + len($customer_keys) = list_max($customer_keys) + 1
                or list_contains($customer_keys, customer_key)
            )
        )
    )
group by pool
