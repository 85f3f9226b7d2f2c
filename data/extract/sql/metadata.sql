insert into metadata
select
    $source,
    $cut_off,
    $loaded_at,
    $schema_version,
    $promoted_keys::varchar[],
    map {
        'customers': (select count(*) from customers),
        'resources': (select count(*) from resources),
        'currencies': (select count(*) from currencies),
        'features': (select count(*) from features),
        'plans': (select count(*) from plans),
        'rates': (select count(*) from rates),
        'subscriptions': (select count(*) from subscriptions),
        'grants': (select count(*) from grants),
        'ledger': (select coalesce(sum(ledger_files.count_rows), 0) from ledger_files),
        'recharge_settings': (select count(*) from recharge_settings),
        'promotional_entitlements': (select count(*) from promotional_entitlements),
        'addons': (select count(*) from addons),
        'coupons': (select count(*) from coupons),
        'usage_events': (select coalesce(sum(parts.events), 0) from parts)
    } as row_counts
