-- Numbers that were given twice or left out: the ledger's run from 1, the queue's are distinct.
with given as (
    select
        'ledger' as list,
        count(*) as rows,
        count(distinct ledger_seq) as numbers,
        coalesce(max(ledger_seq), 0) as last
    from ledger
    union all
    select
        'queue' as list,
        count(*) as rows,
        count(distinct queue_seq) as numbers,
        count(*) as last
    from queue
)

select *
from given
where rows != numbers or rows != last
order by list
