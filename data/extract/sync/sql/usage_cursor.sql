select
    keys,
    read_until
from usage_cursors
where
    customer_id = $customer_id
    and currency_id = $currency_id
    and resource_id = coalesce($resource_id, '')
