-- Of rows with the same event and feature only the first counts, and none if the extract has it.
-- `suspected` are the rows whose hash is not the only one.
create or replace temp table repeated as
with held as (
    select distinct
        event_id,
        feature_id
    from spool.held
),

numbered as (
    select
        *,
        row_number() over (
            partition by event_id, feature_id
            order by file_number, row_number
        ) as place
    from suspected
)

select
    numbered.file_number,
    numbered.row_number,
    numbered.feature_id,
    numbered.is_odd
from numbered
left join held
    on numbered.event_id = held.event_id and numbered.feature_id = held.feature_id
where numbered.place > 1 or held.event_id is not null;

insert into spool.left_out
select
    file_number,
    row_number
from repeated
where not is_odd;

delete from spool.odd
using repeated
where
    repeated.is_odd
    and odd.file_number = repeated.file_number
    and odd.row_number = repeated.row_number
    and odd.feature_id = repeated.feature_id;
