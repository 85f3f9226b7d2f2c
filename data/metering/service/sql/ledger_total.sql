select count(*) as total
from ledger
where
    customer_id = $customer_id
    and currency_id = $currency_id
    and resource_id is not distinct from $resource_id
    and ($types is null or list_contains($types, event_type))
