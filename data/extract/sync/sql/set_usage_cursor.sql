insert or replace into usage_cursors
values ($customer_id, $currency_id, coalesce($resource_id, ''), $keys, $read_until)
