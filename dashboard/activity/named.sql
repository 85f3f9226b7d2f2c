-- What there is to filter by.
select distinct
    'customer_id' as kind,
    changes.customer_id as name
from changes
where changes.customer_id is not null and ($actor is null or changes.actor = $actor)
union all
select distinct
    'actor' as kind,
    changes.actor as name
from changes
where $actor is null or changes.actor = $actor
union all
select distinct
    'command' as kind,
    changes.command as name
from changes
where $actor is null or changes.actor = $actor
order by kind, name
