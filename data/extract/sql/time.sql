-- Slots are counted so that times before 1970 are cut like all others: division cuts towards zero.
create or replace temp macro slot_of(moment) as
cast((epoch_us(moment) + 62135596800000000) // 900000000 - 69039552 as integer);

create or replace temp macro micro_of(moment) as
cast((epoch_us(moment) + 62135596800000000) % 900000000 as integer);

create or replace temp macro day_of(slot) as
cast((slot + 69039552) // 96 - 719162 as integer);
