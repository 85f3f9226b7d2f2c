insert or replace into ledger_cursors
values ($customer_id, $currency_id, coalesce($resource_id, ''), $cursor)
