-- The rows of given_ledger of the customers from $first to $until become the ledger's. An id that
-- is $prefix and $digits digits is kept as the number.
insert into books.ledger
with numbered as (
    select
        given.*,
        customers.customer_key,
        try_cast(
            case
                when
                    $digits > 0
                    and starts_with(given.event_id, $prefix)
                    and length(given.event_id) = length($prefix) + $digits
                    then substr(given.event_id, length($prefix) + 1)
            end as bigint
        ) as number
    from given_ledger as given
    inner join customers on given.customer_id = customers.customer_id
    where customers.customer_key >= $first and customers.customer_key < $until
),

coded as (
    select
        numbered.ledger_seq,
        numbered.customer_key,
        known(pools.resource_key, numbered.resource_id) as resource_key,
        known(currencies.currency_key, numbered.currency_id) as currency_key,
        numbered.event_type,
        numbered.amount,
        numbered.grant_id,
        case
            when
                lpad(cast(numbered.number as varchar), $digits, '0')
                = right(numbered.event_id, $digits)
                then numbered.number
        end as event_number,
        numbered.event_id,
        known(features.feature_key, numbered.feature_id) as feature_key,
        numbered.occurred_at
    from numbered
    left join currencies on numbered.currency_id = currencies.currency_id
    left join features on numbered.feature_id = features.feature_id
    left join pools
        on numbered.customer_id = pools.customer_id and numbered.resource_id = pools.resource_id
)

select
    * replace (case when event_number is null then event_id end as event_id),
    sum(amount) over (
        partition by customer_key, resource_key, currency_key
        order by ledger_seq
    ) as balance_after
from coded
order by
    customer_key asc, resource_key asc nulls first, currency_key asc, ledger_seq asc
