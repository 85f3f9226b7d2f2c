select
    currency_id,
    display_name,
    symbol,
    unit_singular,
    unit_plural
from currencies
where status = 'ACTIVE'
order by currency_id
