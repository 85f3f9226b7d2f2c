-- What each pool was charged, from its events.
select
    coalesce(resource_key, -customer_key) as pool,
    sum(events) as events,
    sum(credits) as charged
from coded_events
where
    currency_key = $currency_key
    and slot >= $first
    and slot < $until
    and ($first_micro = 0 or slot > $first or micro >= $first_micro)
    and ($until_micro = 900000000 or slot < $until - 1 or micro < $until_micro)
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
