-- The events of rows of the ledger, each with the place of its first row.
with places as (
    select
        unnest(cast($pools as bigint[])) as pool,
        unnest(cast($places as bigint[])) as ledger_seq,
        unnest(cast($known_at as timestamp[])) as known_at
)

select
    ledger.event_id,
    features.feature_id,
    min(places.known_at) as known_at,
    min(places.ledger_seq) as ledger_seq
from ledger
inner join places
    on
        coalesce(ledger.resource_key, -ledger.customer_key) = places.pool
        and ledger.ledger_seq = places.ledger_seq
left join features on ledger.feature_key = features.feature_key
group by ledger.event_id, features.feature_id
order by ledger_seq
