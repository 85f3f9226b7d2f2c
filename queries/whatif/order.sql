-- When each row of the ledger is dated. Not ordered: the ledger lies in order of customer and
-- ledger_seq, and to sort so many rows again takes longer than to read them.
select
    cast(coalesce(ledger.resource_key, -ledger.customer_key) as bigint) as pool,
    ledger.ledger_seq,
    ledger.occurred_at,
    ledger.event_id is not null as is_of_event
from ledger
inner join customers on ledger.customer_key = customers.customer_key
inner join currencies on ledger.currency_key = currencies.currency_key
where
    currencies.currency_id = $currency_id
    and ($customers is null or list_contains($customers, customers.customer_id))
