-- A change, with its first fact to follow.
insert into changes (
    key, command, actor, role, customer_id, subject, summary, given, api, begun_at
) values ($key, $command, $actor, $role, $customer_id, $subject, $summary, $given, $api, $begun_at)
