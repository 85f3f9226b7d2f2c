insert into spool.ended
select
    $read as count_read,
    $usages as count_usages,
    $rejected as count_rejected,
    $usages - $repeated as count_added
