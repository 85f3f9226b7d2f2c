-- The newest rows of one pool's ledger that pass the filters, or those older than $below. The id of
-- an event is kept as the number $event_number or, without one, as a text. Whole ids are made of
-- the found rows only, and nothing else is reckoned before: so the newest blocks alone are read.
with of_page as (
    select *
    from coded_ledger
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
        and ($below is null or ledger_seq < $below)
        and ($types is null or list_contains($types, event_type))
        and ($grant_id is null or grant_id = $grant_id)
        and ($features is null or list_contains($features, feature_key))
        and ($event_number is null or event_number = $event_number)
        and ($event_text is null or event_text = $event_text)
        and ($since is null or occurred_at >= $since)
        and ($until is null or occurred_at < $until)
    order by ledger_seq desc
    limit $most_rows
)

select
    of_page.occurred_at,
    of_page.event_type,
    of_page.amount,
    of_page.balance_after - of_page.amount as balance_before,
    of_page.balance_after,
    of_page.grant_id,
    features.feature_id,
    ledger_event_id(of_page.event_number, of_page.event_text) as event_id,
    cast(of_page.ledger_seq as varchar) as place
from of_page
left join features on of_page.feature_key = features.feature_key
order by of_page.ledger_seq desc
