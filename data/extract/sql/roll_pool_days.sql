-- What each pool of the part used by day.
insert into part.pool_days
select
    day_of(slot) as day,
    customer_key,
    resource_key,
    currency_key,
    sum(credits) as credits,
    sum(events) as events
from part.usage_events
group by all
order by day, customer_key, resource_key, currency_key
