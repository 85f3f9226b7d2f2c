-- Rows read and rejected; consumption that could be read and that was new; then of grants.
with every as (
    select reason
    from spool.consumptions
    union all
    select reason
    from spool.granted
)

select
    count(*) as count_read,
    count(every.reason) as count_rejected,
    (select count(*) from read_rows) as count_consumption,
    (select count(*) from spool.consumed) as count_added,
    (select any_value(counted.count_added) from spool.grant_counts as counted) as count_granted,
    (select any_value(counted.count_changed) from spool.grant_counts as counted) as count_changed,
    (select any_value(counted.count_same) from spool.grant_counts as counted) as count_same
from every
