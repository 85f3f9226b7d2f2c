-- The newest rows of one pool's ledger within a span, or of all time.
with pool as (
    select
        customers.customer_key,
        resources.resource_key
    from customers
    left join resources
        on
            customers.customer_key = resources.customer_key
            and resources.resource_id = $resource_id
    where customers.customer_id = $customer_id
)

select
    ledger.occurred_at,
    ledger.event_type,
    ledger.amount,
    ledger.grant_id,
    features.feature_id,
    ledger.event_id
from ledger
inner join pool
    on
        ledger.customer_key = pool.customer_key
        and ledger.resource_key is not distinct from pool.resource_key
inner join currencies on ledger.currency_key = currencies.currency_key
left join features on ledger.feature_key = features.feature_key
where
    currencies.currency_id = $currency_id
    and ($since is null or ledger.occurred_at >= $since)
    and ($until is null or ledger.occurred_at < $until)
order by ledger.ledger_seq desc
limit $most_rows
