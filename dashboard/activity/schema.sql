-- The record of changes: rows are added and never changed. Times are naive UTC, ISO 8601.
create table changes (
    number integer primary key autoincrement,
    key text not null unique,
    command text not null,
    actor text not null,
    role text not null,
    customer_id text,
    subject text,
    summary text not null,
    given text not null,
    api text not null,
    begun_at text not null
) strict;

create table facts (
    number integer primary key autoincrement,
    change_number integer not null references changes (number),
    outcome text not null
    check (outcome in ('intended', 'done', 'refused', 'unknown', 'not done')),
    actor text not null,
    at text not null,
    request_id text not null,
    detail text not null,
    state_before text,
    state_after text,
    is_settled integer not null check (is_settled in (0, 1))
) strict;

create index facts_of_a_change on facts (change_number, number);
create index changes_of_a_customer on changes (customer_id, number);
create index changes_of_an_actor on changes (actor, number);
create index changes_of_a_subject on changes (subject, number);

-- Each change with its latest fact, and with the state that it was to change.
create view standing as
select
    changes.*,
    facts.number as fact_number,
    facts.outcome,
    facts.actor as fact_actor,
    facts.at,
    facts.request_id,
    facts.detail,
    facts.state_after,
    facts.is_settled,
    (
        select intended.state_before from facts as intended
        where
            intended.change_number = changes.number
            and intended.state_before is not null
        order by intended.number desc
        limit 1
    ) as state_before
from changes
inner join facts on facts.number = (
    select max(latest.number) from facts as latest
    where latest.change_number = changes.number
);

create trigger changes_are_never_updated before update on changes
begin
    select raise(abort, 'The record of changes is append-only.');
end;

create trigger changes_are_never_deleted before delete on changes
begin
    select raise(abort, 'The record of changes is append-only.');
end;

create trigger facts_are_never_updated before update on facts
begin
    select raise(abort, 'The record of changes is append-only.');
end;

create trigger facts_are_never_deleted before delete on facts
begin
    select raise(abort, 'The record of changes is append-only.');
end;

-- "insert or replace" would delete without asking the triggers above.
create trigger changes_are_never_replaced before insert on changes
when
    exists (
        select 1 from changes
        where changes.number = new.number or changes.key = new.key
    )
begin
    select raise(abort, 'The record of changes is append-only.');
end;

create trigger facts_are_never_replaced before insert on facts
when
    exists (
        select 1 from facts
        where facts.number = new.number
    )
begin
    select raise(abort, 'The record of changes is append-only.');
end;

create trigger done_is_final before insert on facts
when
    exists (
        select 1 from facts
        where facts.change_number = new.change_number and facts.outcome = 'done'
    )
begin
    select raise(abort, 'About what is done there are no further facts.');
end;
