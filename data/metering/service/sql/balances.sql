-- Each currency's settled balance over the active grants of one customer's pool.
select
    currency_id,
    sum(amount) filter (where status = 'ACTIVE') as granted,
    sum(consumed_amount) filter (where status = 'ACTIVE') as consumed,
    min(
        case
            when status = 'ACTIVE' then expire_at
            when status = 'SCHEDULED' then effective_at
        end
    ) as valid_until
from grants
where
    customer_id = $customer_id
    and ($currency_id is null or currency_id = $currency_id)
    and resource_id is not distinct from $resource_id
group by currency_id
order by currency_id
