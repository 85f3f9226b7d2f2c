-- The newest rows of one pool's ledger within a span, or of all time.
select
    ledger.occurred_at,
    ledger.event_type,
    ledger.amount,
    ledger.grant_id,
    features.feature_id,
    ledger.event_id
from ledger
inner join pools
    on
        ledger.customer_key = pools.customer_key
        and ledger.resource_key is not distinct from pools.resource_key
inner join currencies on ledger.currency_key = currencies.currency_key
left join features on ledger.feature_key = features.feature_key
where
    pools.customer_id = $customer_id
    and pools.resource_id is not distinct from $resource_id
    and currencies.currency_id = $currency_id
    and ($since is null or ledger.occurred_at >= $since)
    and ($until is null or ledger.occurred_at < $until)
order by ledger.ledger_seq desc
limit $most_rows
