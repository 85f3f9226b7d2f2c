-- What each grant of one pool had left once the row of $place was written; one row per grant that
-- had any or was changed since.
with of_pool as (
    select
        grant_id,
        amount,
        false as is_changed
    from ledger
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
        and ledger_seq <= $place
    union all
    select
        grant_id,
        0 as amount,
        true as is_changed
    from ledger
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
        and ledger_seq > $place
        and event_type = 'CREDITS_UPDATED'
)

select
    grant_id,
    sum(amount) as credits_left,
    bool_or(is_changed) as is_changed
from of_pool
group by grant_id
having sum(amount) != 0 or bool_or(is_changed)
order by grant_id
