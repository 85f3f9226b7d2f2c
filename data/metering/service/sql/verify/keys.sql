-- Idempotency keys that were accepted again within 7 days.
with seen as (
    select
        seen_key,
        seen_at,
        lead(seen_at) over (partition by seen_key order by seen_at) as again_at
    from seen_keys
)

select
    hex(seen_key) as seen_key,
    seen_at,
    again_at
from seen
where again_at < seen_at + interval 7 days
order by seen_key, seen_at
