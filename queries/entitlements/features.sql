select
    feature_id,
    coalesce(display_name, feature_id) as feature_name,
    feature_type,
    meter_type,
    unit_singular as unit,
    unit_plural as units
from features
order by feature_id
