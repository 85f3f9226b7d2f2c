-- One change as it stands.
select * from standing
where standing.number = $number
