-- The dimension keys of one pool's consumption that contain the search text, whatever its case.
with keys as (
    select distinct unnest(map_keys(dimensions)) as field
    from usage_events
    where
        customer_id = $customer_id
        and currency_id = $currency_id
        and resource_id is not distinct from $resource_id
        and dimensions is not null
)

select field
from keys
where contains(lower(field), lower($search))
order by field
