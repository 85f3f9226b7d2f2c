-- What each grant of one pool had left once the row of $place was written; one row per grant that
-- had any or was changed since.
select
    ledger.grant_id,
    coalesce(sum(ledger.amount) filter (ledger.ledger_seq <= $place), 0) as credits_left,
    coalesce(
        bool_or(ledger.event_type = 'CREDITS_UPDATED' and ledger.ledger_seq > $place), false
    ) as is_changed
from ledger
inner join pools
    on
        ledger.customer_key = pools.customer_key
        and ledger.resource_key is not distinct from pools.resource_key
inner join currencies on ledger.currency_key = currencies.currency_key
where
    pools.customer_id = $customer_id
    and pools.resource_id is not distinct from $resource_id
    and currencies.currency_id = $currency_id
group by ledger.grant_id
having credits_left != 0 or is_changed
order by ledger.grant_id
