-- All consumption that was ever told, by the ledger that is published and by the files.
create or replace temp view told as
select
    customer_key,
    currency_key,
    resource_key,
    feature_key,
    grant_id,
    event_id,
    -amount as credits,
    occurred_at
from ledger
where event_type = 'CREDITS_CONSUMED' and event_id is not null
union all
select * exclude (first_slot)
from spool.consumed;
