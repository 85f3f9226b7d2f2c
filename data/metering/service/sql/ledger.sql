-- Rows of one pool's ledger after, and before, a position; $newest_first walks back from the end.
select ledger.*
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
