-- One part of an extract's events, in a file of its own that is never changed.
--
-- A slot is a quarter of an hour, counted from 1970 in UTC: every time zone cuts its hours and days
-- between two of them. An event occurred `micro` microseconds into its slot and was loaded `delay`
-- microseconds later if that was within a day, else at `loaded_at`: events loaded in bulk share it,
-- and it takes no room. dim_<i> is the code of its value of metadata.promoted_keys[i], all other
-- dimensions are in rest. Ordered by customer_key, resource_key, currency_key, slot, micro: the
-- events of a pool lie together, so that a scan takes whole vectors.
create table part.usage_events (
    event_number bigint,
    event_id varchar,
    customer_key integer not null,
    resource_key integer,
    feature_key integer,
    currency_key integer,
    slot integer not null,
    micro integer not null,
    delay bigint,
    loaded_at timestamp,
    units decimal(24, 5) not null,
    credits decimal(18, 6) not null,
    events integer not null,
    dim_1 integer,
    dim_2 integer,
    dim_3 integer,
    dim_4 integer,
    dim_5 integer,
    dim_6 integer,
    dim_7 integer,
    dim_8 integer,
    rest map (varchar, varchar) not null
);

-- What each pool used on each day, counted from 1970 in UTC. Ordered by day.
create table part.pool_days (
    day integer not null,
    customer_key integer not null,
    resource_key integer,
    currency_key integer,
    credits decimal(38, 6) not null,
    events bigint not null
);

-- What all pools used in each slot, by feature and the value of one promoted key: place 0 is none.
-- Ordered by place, currency_key, slot.
create table part.key_slots (
    place tinyint not null,
    currency_key integer,
    slot integer not null,
    feature_key integer,
    code integer,
    credits decimal(38, 6) not null,
    events bigint not null
);

-- The dimension keys of each pool.
create table part.pool_keys (
    customer_key integer not null,
    resource_key integer,
    currency_key integer,
    dimension_key varchar not null,
    events bigint not null
);
