-- The ledger to be, as lay_ledger is given it; a run that goes on begins it anew.
create or replace table spool.given_ledger (
    ledger_seq bigint not null,
    customer_id varchar not null,
    currency_id varchar not null,
    resource_id varchar,
    event_type varchar not null,
    amount decimal(18, 6) not null,
    grant_id varchar not null,
    event_id varchar,
    feature_id varchar,
    occurred_at timestamp not null
);

create or replace temp view given_ledger as
from spool.given_ledger;
