-- Rows of one pool's ledger after, and before, a position; $newest_first walks back from the end.
-- Which they are is found before they are read: sorting whole rows takes four times as long.
with of_page as (
    select ledger_seq
    from ledger
    where
        customer_id = $customer_id
        and currency_id = $currency_id
        and resource_id is not distinct from $resource_id
        and ledger_seq > $after
        and ledger_seq < $before
        and ($types is null or list_contains($types, event_type))
    order by if($newest_first, -ledger_seq, ledger_seq)
    limit $count
)

select ledger.*
from ledger
inner join of_page on ledger.ledger_seq = of_page.ledger_seq
order by if($newest_first, -ledger.ledger_seq, ledger.ledger_seq)
