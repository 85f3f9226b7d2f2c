-- The most used keys of a sample of events, but none of too many values.
with counted as (
    select
        key as dimension_key,
        count(*) as count_events
    from pairs
    group by key
    having count(distinct value) <= $most_values
)

select dimension_key
from counted
order by count_events desc, dimension_key asc
limit $promoted
