-- One row: whether the customer, currency and resource are there; what is not asked for is.
select
    $customer_id is null or exists (
        select 1 from customers
        where customers.customer_id = $customer_id
    ) as has_customer,
    $currency_id is null or exists (
        select 1 from currencies
        where currencies.currency_id = $currency_id
    ) as has_currency,
    $resource_id is null or exists (
        select 1
        from resources
        inner join customers on resources.customer_key = customers.customer_key
        where
            resources.resource_id = $resource_id
            and customers.customer_id = $customer_id
    ) as has_resource
