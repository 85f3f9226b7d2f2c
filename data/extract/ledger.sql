-- An extract's ledger, in a file of its own that is never changed, as `books`.
--
-- Ordered by customer_key, resource_key, currency_key, ledger_seq: the rows of a pool lie together,
-- in the order in which they were written. An event's id is in event_number or in event_id, as in
-- part.sql. balance_after is the pool's running balance, kept because a page in the depth of a long
-- ledger must not sum all that came before it.
create table books.ledger (
    ledger_seq bigint not null,
    customer_key integer not null,
    resource_key integer,
    currency_key integer not null,
    event_type varchar not null,
    amount decimal(18, 6) not null,
    grant_id varchar,
    event_number bigint,
    event_id varchar,
    feature_key integer,
    occurred_at timestamp not null,
    balance_after decimal(38, 6) not null
);

-- What each pool's rows of each day, counted from 1970 in UTC, sum to by grant, type and feature.
-- Ordered by customer_key, resource_key, currency_key, day.
create table books.ledger_days (
    customer_key integer not null,
    resource_key integer,
    currency_key integer not null,
    day integer not null,
    event_type varchar not null,
    grant_id varchar,
    feature_key integer,
    amount decimal(38, 6) not null,
    count_rows bigint not null,
    first_at timestamp not null,
    last_at timestamp not null
);

-- What all pools' rows of each slot (part.sql) sum to by type and, of what was granted, the grant's
-- type. Ordered by currency_key, slot.
create table books.ledger_slots (
    currency_key integer not null,
    slot integer not null,
    event_type varchar not null,
    grant_type varchar,
    amount decimal(38, 6) not null
);
