-- One row per coupon; which amounts a coupon without a percentage takes off is not in an extract.
select
    coupon_id,
    coalesce(display_name, coupon_id) as display_name,
    promotion_code,
    percent_off,
    null as amounts_off,
    duration_in_months,
    status
from coupons
order by coupon_id
