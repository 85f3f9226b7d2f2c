-- Another change of a kind on a subject that was made, or else may have been; the latest of them.
select * from standing
where
    standing.command = $command
    and standing.subject = $subject
    and standing.api = $api
    and standing.key <> $key
    and standing.outcome in ('done', 'intended', 'unknown')
order by standing.outcome = 'done' desc, standing.number desc
limit 1
