delete from cells
where
    customer_id = $customer_id
    and currency_id = $currency_id
    and resource_id is not distinct from $resource_id
    and occurred_at >= $since
