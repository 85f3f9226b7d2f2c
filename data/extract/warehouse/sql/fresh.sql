-- Of the months' rows those that the extract's ledger lacks, each once: of rows of the same event,
-- feature and grant the first counts. Hashes tell which rows may be there twice.
create or replace temp table of_months as
select
    *,
    hash(event_id, feature_id, credit_grant_id) as row_hash,
    hash(event_id, feature_id) as usage_hash
from read_rows
where
    event_timestamp >= make_timestamp(getvariable('first_slot') * cast(900000000 as bigint))
    and event_timestamp < make_timestamp(getvariable('until_slot') * cast(900000000 as bigint));

create or replace temp table fresh_rows as
with twice as (
    select row_hash
    from of_months
    group by row_hash
    having count(*) > 1
),

numbered as (
    select
        of_months.*,
        row_number() over (
            partition by event_id, feature_id, credit_grant_id
            order by file_number, row_number
        ) as place
    from of_months
    semi join twice on of_months.row_hash = twice.row_hash
),

single as (
    select *
    from of_months
    anti join twice on of_months.row_hash = twice.row_hash
    union all
    select * exclude (place)
    from numbered
    where place = 1
),

span as (
    select
        min(consumption_timestamp) as first_at,
        max(consumption_timestamp) as last_at
    from single
),

held as (
    select
        ledger.event_id,
        features.feature_id,
        ledger.grant_id
    from ledger
    left join features on ledger.feature_key = features.feature_key
    where
        ledger.event_type = 'CREDITS_CONSUMED'
        and ledger.event_id is not null
        and ledger.occurred_at >= (select span.first_at from span)
        and ledger.occurred_at <= (select span.last_at from span)
)

select single.*
from single
anti join held
    on
        single.event_id = held.event_id
        and single.credit_grant_id = held.grant_id
        and single.feature_id is not distinct from held.feature_id;

drop table of_months;
