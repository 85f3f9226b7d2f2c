select
    feature_id,
    display_name
from features
order by feature_id
