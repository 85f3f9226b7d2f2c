-- What each pool's ledger sums to by day.
insert into books.ledger_days
select
    customer_key,
    resource_key,
    currency_key,
    day_of(slot_of(occurred_at)) as day,
    event_type,
    grant_id,
    feature_key,
    sum(amount) as amount,
    count(*) as count_rows,
    min(occurred_at) as first_at,
    max(occurred_at) as last_at
from books.ledger
where customer_key >= $first and customer_key < $until
group by all
order by
    customer_key asc, resource_key asc nulls first, currency_key asc, day asc,
    event_type asc, grant_id asc, feature_key asc nulls first
