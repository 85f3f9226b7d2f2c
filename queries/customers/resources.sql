select resources.resource_id
from resources
inner join customers on resources.customer_key = customers.customer_key
where customers.customer_id = $customer_id
order by resources.resource_id
