-- The dimension keys that most events of given_usage_events have, but none of more than
-- $most_values values.
with pairs as (
    select unnest(dimensions, recursive := true)
    from given_usage_events
),

counted as (
    select
        key as dimension_key,
        count(*) as count_events
    from pairs
    where key is not null
    group by key
    having count(distinct value) <= $most_values
)

select dimension_key
from counted
order by count_events desc, dimension_key asc
limit $promoted
