-- The grants of a customer or one of its resources, before they are told anew.
delete from grants
where customer_id = $customer_id and resource_id is not distinct from $resource_id
