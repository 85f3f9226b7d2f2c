-- Changes as they stand, newest first; null filters nothing, `below` is where the last page ended.
select * from standing
where
    ($below is null or standing.number < $below)
    and ($customer_id is null or standing.customer_id = $customer_id)
    and ($actor is null or standing.actor = $actor)
    and ($outcome is null or standing.outcome = $outcome)
    and ($command is null or standing.command = $command)
    and ($begins is null or standing.begun_at >= $begins)
    and ($ends is null or standing.begun_at < $ends)
order by standing.number desc
limit $count
