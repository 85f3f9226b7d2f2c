-- What is known of one change, in the order it came.
select facts.*
from facts
inner join changes on facts.change_number = changes.number
where changes.key = $key
order by facts.number
