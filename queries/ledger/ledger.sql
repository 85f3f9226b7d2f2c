-- The newest rows of one pool's ledger that pass the filters, or those older than $below. Which
-- they are is found before they are read: sorting whole rows of a long ledger takes five times as
-- long.
with of_page as (
    select
        ledger.customer_key,
        ledger.ledger_seq
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
        and ($below is null or ledger.ledger_seq < $below)
        and ($types is null or list_contains($types, ledger.event_type))
        and ($grant_id is null or ledger.grant_id = $grant_id)
        and ($feature_id is null or features.feature_id = $feature_id)
        and ($event_id is null or ledger.event_id = $event_id)
        and ($since is null or ledger.occurred_at >= $since)
        and ($until is null or ledger.occurred_at < $until)
    order by ledger.ledger_seq desc
    limit $most_rows
)

select
    ledger.occurred_at,
    ledger.event_type,
    ledger.amount,
    ledger.balance_after - ledger.amount as balance_before,
    ledger.balance_after,
    ledger.grant_id,
    features.feature_id,
    ledger.event_id,
    cast(ledger.ledger_seq as varchar) as place
from of_page
inner join ledger
    on
        of_page.customer_key = ledger.customer_key
        and of_page.ledger_seq = ledger.ledger_seq
left join features on ledger.feature_key = features.feature_key
order by ledger.ledger_seq desc
