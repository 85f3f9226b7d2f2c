-- Whether the ledger changes.
select
    counted.count_added + counted.count_changed > 0
    or exists (select consumed.event_id from spool.consumed) as is_new
from spool.grant_counts as counted
