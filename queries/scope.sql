-- One row: the keys of the customer, currency and resource, null of what is not there or not asked
-- for.
select
    (
        select customers.customer_key from customers
        where customers.customer_id = $customer_id
    ) as customer_key,
    (
        select currencies.currency_key from currencies
        where currencies.currency_id = $currency_id
    ) as currency_key,
    (
        select resources.resource_key
        from resources
        inner join customers on resources.customer_key = customers.customer_key
        where
            resources.resource_id = $resource_id
            and customers.customer_id = $customer_id
    ) as resource_key
