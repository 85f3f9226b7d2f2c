-- The numbers in those ids of the file that have the form of the parts'.
insert into read_numbers
select cast(substr(event_id, length($prefix) + 1) as bigint) as event_number
from rated
where
    is_sure
    and starts_with(event_id, $prefix)
    and regexp_full_match(substr(event_id, length($prefix) + 1), $number)
