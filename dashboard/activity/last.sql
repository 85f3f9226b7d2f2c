-- The change of one key as it stands.
select * from standing
where standing.key = $key
