-- The files that have events of the months, whether they have no others, and whether all their
-- rows count.
select
    months.file_number,
    min(months.first_slot) >= getvariable('first_slot')
    and max(months.first_slot) < getvariable('until_slot') as is_whole,
    not exists (
        select 1
        from spool.left_out as left_out
        where left_out.file_number = months.file_number
    ) as is_full
from spool.months as months
where months.file_number >= 0
group by months.file_number
having
    bool_or(
        months.first_slot >= getvariable('first_slot')
        and months.first_slot < getvariable('until_slot')
    )
order by months.file_number
