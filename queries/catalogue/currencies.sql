select
    currency_id,
    display_name,
    symbol,
    unit_singular,
    unit_plural,
    status
from currencies
order by status, currency_id
