-- A fact about the change of a key.
insert into facts (
    change_number, outcome, actor, at, request_id, detail, state_before, state_after, is_settled
)
select
    changes.number,
    $outcome,
    $actor,
    $at,
    $request_id,
    $detail,
    $state_before,
    $state_after,
    $is_settled
from changes
where changes.key = $key
