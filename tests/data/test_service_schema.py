"""The schema: every document of ours is valid against it, and it can be asked about itself."""

from pathlib import Path

import pytest
from graphql import (
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    OperationDefinitionNode,
    build_client_schema,
    build_schema,
    get_introspection_query,
    parse,
    print_schema,
    validate,
)
from local_metering import ROOT, LocalApi

from data.credits.money import CURRENCIES
from data.metering.service.graphql import SCHEMA

DOCUMENTS = sorted((ROOT / "queries").glob("**/*.graphql"))
WRITTEN = build_schema((ROOT / "data/metering/service/schema.graphql").read_text())
ENUMS = {
    "CreditGrantTypeInput": "PAID PROMOTIONAL",
    "CreditGrantType": "OVERDRAFT PAID PROMOTIONAL RECURRING",
    "CreditGrantStatus": "ACTIVE EXPIRED PAYMENT_PENDING SCHEDULED VOIDED",
    "CreditGrantSourceType": "ADDON_ENTITLEMENT PLAN_ENTITLEMENT PRICE",
    "PaymentCollectionMethod": "CHARGE INVOICE NONE",
    "PaymentCollection": "ACTION_REQUIRED FAILED NOT_REQUIRED PROCESSING",
    "UsageUpdateBehavior": "DELTA SET",
    "CreditUsageTimeRange": "LAST_DAY LAST_MONTH LAST_WEEK LAST_YEAR",
    "CreditLedgerEventType": "CREDITS_CONSUMED CREDITS_CONSUMPTION_TRANSFER_SOURCE "
    "CREDITS_CONSUMPTION_TRANSFER_TARGET CREDITS_EXPIRED CREDITS_GRANTED CREDITS_UPDATED "
    "CREDITS_VOIDED",
    "PromotionalEntitlementPeriod": "CUSTOM LIFETIME ONE_MONTH ONE_WEEK ONE_YEAR SIX_MONTH",
    "PromotionalEntitlementStatus": "Active Expired Paused",
    "EntitlementResetPeriod": "DAY HOUR MONTH WEEK YEAR",
    "MonthlyAccordingTo": "StartOfTheMonth SubscriptionStart",
    "WeeklyAccordingTo": "EveryFriday EveryMonday EverySaturday EverySunday EveryThursday "
    "EveryTuesday EveryWednesday SubscriptionStart",
    "YearlyAccordingTo": "SubscriptionStart",
    "AccessDeniedReason": "BudgetExceeded CustomerIsArchived CustomerNotFound "
    "CustomerResourceNotFound EntitlementNotFound FeatureNotFound FeatureTypeMismatch "
    "InsufficientCredits NoActiveSubscription NoFeatureEntitlementInSubscription "
    "RequestedUsageExceedingLimit RequestedValuesMismatch Revoked Unknown",
    "UsageMarkerType": "PERIODIC_RESET SUBSCRIPTION_CHANGE_RESET",
    "EstimationRequestWarning": "FEATURE_NOT_CREDIT_BASED FEATURE_NOT_FOUND "
    "RESOURCE_SCOPED_SUBSCRIPTION_EXISTS",
    "EstimationWarningCode": "UNSUPPORTED_AGGREGATION",
    "ChargeType": "CREDIT FEATURE",
    "BillingPeriod": "ANNUALLY MONTHLY",
    "DiscountType": "FIXED PERCENTAGE",
    "DiscountDurationType": "FOREVER ONCE REPEATING",
    "CouponType": "FIXED PERCENTAGE",
    "CouponStatus": "ACTIVE ARCHIVED",
    "CouponSource": "STIGG STIGG_ADHOC STRIPE",
}
INPUTS = {
    "ReportUsageInput": "createdAt customerId dimensions environmentId featureId idempotencyKey "
    "resourceId updateBehavior value",
    "UsageEventsReportInput": "environmentId usageEvents",
    "UsageEventReportInput": "customerId dimensions eventName idempotencyKey resourceId timestamp",
    "CreditUsageInput": "currencyId customerId endDate environmentId groupBy paging resourceId "
    "startDate timeRange",
    "CreditLedgerInput": "currencyId customerId environmentId eventType paging resourceId",
    "GetCreditGrantsInput": "currencyId customerId environmentId paging resourceId",
    "CreditEventsFieldsInput": "currencyId customerId environmentId resourceId search",
    "CreditBalanceSummaryInput": "currencyId customerId environmentId resourceId",
    "ConsumeCreditInput": "amount createdAt currencyId customerId dimensions environmentId "
    "idempotencyKey resourceId",
    "CursorPaging": "after before first last",
    "ConsumeCreditsAsyncInput": "consumptions environmentId",
    "GrantPromotionalEntitlementsInput": "customerId environmentId promotionalEntitlements",
    "GrantPromotionalEntitlementInput": "customEndDate enumValues featureId hasSoftLimit "
    "hasUnlimitedUsage isVisible monthlyResetPeriodConfiguration period resetPeriod usageLimit "
    "weeklyResetPeriodConfiguration yearlyResetPeriodConfiguration",
    "RevokePromotionalEntitlementInput": "customerId environmentId featureId",
    "FetchEntitlementsQuery": "customerId environmentId resourceId",
    "EstimateEventCostInput": "customerId dimensions eventName resourceId",
    "EstimateUsageCostInput": "customerId dimensions featureId resourceId updateBehavior value",
    "UsageHistoryV2Input": "customerId endDate environmentId featureId groupBy "
    "includeInactiveSubscriptions paging resourceId startDate",
    "GetPaywallInput": "billingCountryCode context customerId environmentId "
    "fetchAllCountriesPrices "
    "includeHiddenPlans offerId productId resourceId",
    "EstimateSubscriptionInput": "addons appliedCoupon billableFeatures billingCountryCode "
    "billingInformation "
    "billingPeriod charges customerId environmentId payingCustomerId planId "
    "priceUnitAmount promotionCode resourceId skipTrial startDate "
    "trialOverrideConfiguration unitQuantity",
    "EstimateSubscriptionUpdateInput": "addons appliedCoupon billableFeatures charges "
    "environmentId promotionCode "
    "subscriptionId unitQuantity",
    "BillableFeatureInput": "featureId quantity",
    "SubscriptionAddonInput": "addonId quantity",
    "ChargeInput": "id quantity type",
    "SubscriptionCouponInput": "billingCouponId configuration couponId discount promotionCode",
    "SubscriptionCouponDiscountInput": "amountsOff description durationInMonths name percentOff",
    "SubscriptionCouponConfigurationInput": "startDate",
    "MoneyInputDTO": "amount currency",
}
OUTPUTS = {
    "PageInfo": "endCursor hasNextPage hasPreviousPage startCursor",
    "CreditLedgerEvent": "amount creditCurrencyId creditGrantId customerId eventId eventType "
    "feature featureId grant resourceId timestamp",
    "CreditUsage": "currency pageInfo series",
    "CreditUsageSeries": "eventCount featureId featureName points tags totalCredits",
    "CreditUsagePoint": "eventCount timestamp value",
    "CreditUsageSeriesTag": "key value",
    "UsageMeasurementWithCurrentUsage": "createdAt credit currentUsage customerId environmentId "
    "featureId id nextResetDate resourceId timestamp usagePeriodEnd usagePeriodStart value",
    "UsageMeasurementCredit": "consumed currencyId currentUsage timestamp usageLimit "
    "usagePeriodEnd",
    "CreditBalance": "currency currencyId currentBalance customerId resourceId totalConsumed "
    "totalGranted validUntil",
    "PromotionalEntitlement": "createdAt customer description endDate enumValues environmentId "
    "feature featureGroupIds featureGroups featureId hasSoftLimit hasUnlimitedUsage id isVisible "
    "meter period resetPeriod resetPeriodConfiguration startDate status unlimited updatedAt "
    "usageLimit",
    "EntitlementsState": "accessDeniedReason entitlements entitlementsV2",
    "FeatureEntitlement": "accessDeniedReason creditRate currentUsage entitlementUpdatedAt "
    "enumValues feature hasSoftLimit hasUnlimitedUsage isGranted meterId resetPeriod "
    "resetPeriodConfiguration usageLimit usagePeriodAnchor usagePeriodEnd usagePeriodStart "
    "usageUpdatedAt validUntil",
    "CreditEntitlement": "accessDeniedReason currency currentUsage entitlementUpdatedAt "
    "hasSoftLimit isGranted usageLimit usagePeriodEnd usageUpdatedAt validUntil",
    "EntitlementCurrency": "additionalMetaData currencyId description displayName unitPlural "
    "unitSingular",
    "CreditRate": "amount costFormula currencyId customCurrencyId",
    "CreditCostEstimation": "estimates warnings",
    "CurrencyEstimate": "balanceAfterEstimate breakdown currencyId currentBalance estimatedCost "
    "wouldOverdraft",
    "EstimationBreakdownItem": "cost featureId warningCode",
    "UsageHistoryV2": "markers pageInfo series",
    "UsageHistorySeries": "points tags",
    "UsageHistoryPoint": "isResetPoint timestamp value",
    "UsageMarker": "timestamp type",
    "CreditConsumptionResponse": "amount credit currencyId customerId resourceId timestamp",
    "Paywall": "activeSubscriptions configuration currency customer paywallCalculatedPricePoints "
    "plans resource",
    "PaywallCurrency": "code symbol",
    "PaywallPricePoint": "additionalChargesMayApply amount billingCountryCode billingPeriod "
    "currency "
    "feature planId",
    "SubscriptionPreview": "billingPeriodRange credits discount discountAmount hasScheduledUpdates "
    "isPlanDowngrade minimumSpendAdjustment proration subTotal subscription tax "
    "taxDetails total totalExcludingTax",
    "SubscriptionPreviewProrations": "credit debit hasProrations netAmount prorationDate",
    "SubscriptionPreviewDiscount": "durationInMonths durationType end name start type value",
    "SubscriptionPreviewTaxDetails": "displayName inclusive percentage",
    "SubscriptionPricePreviewDTO": "discount discountAmount subTotal tax taxDetails total "
    "totalExcludingTax",
    "SubscriptionPreviewCredits": "initial remaining used",
    "DateRange": "end start",
    "Money": "amount currency",
    "Coupon": "additionalMetaData amountsOff billingId billingLinkUrl createdAt customers "
    "description discountValue durationInMonths environment environmentId id name "
    "percentOff refId source status syncStates type updatedAt",
}


@pytest.mark.parametrize("path", DOCUMENTS, ids=[path.stem for path in DOCUMENTS])
def test_a_document_of_ours_is_one_named_operation_valid_against_the_schema(path: Path) -> None:
    document = parse(path.read_text())
    assert validate(WRITTEN, document) == []
    operations = [
        part for part in document.definitions if not isinstance(part, FragmentDefinitionNode)
    ]
    (operation,) = operations
    assert isinstance(operation, OperationDefinitionNode)
    assert operation.name is not None


def test_there_are_documents_of_ours() -> None:
    assert len(DOCUMENTS) > 10


def test_introspection_gives_the_schema_that_is_written_down(shared: LocalApi) -> None:
    told = shared.ask(get_introspection_query(descriptions=True))
    assert print_schema(build_client_schema(told)) == print_schema(WRITTEN)


@pytest.mark.parametrize(("name", "values"), ENUMS.items(), ids=ENUMS.keys())
def test_enums_have_the_values_of_the_hosted_interface(name: str, values: str) -> None:
    found = SCHEMA.get_type(name)
    assert isinstance(found, GraphQLEnumType)
    assert sorted(found.values) == values.split()


@pytest.mark.parametrize(("name", "fields"), INPUTS.items(), ids=INPUTS.keys())
def test_inputs_have_the_fields_of_the_hosted_interface(name: str, fields: str) -> None:
    found = SCHEMA.get_type(name)
    assert isinstance(found, GraphQLInputObjectType)
    assert sorted(found.fields) == fields.split()


@pytest.mark.parametrize(("name", "fields"), OUTPUTS.items(), ids=OUTPUTS.keys())
def test_outputs_have_the_fields_of_the_hosted_interface(name: str, fields: str) -> None:
    found = SCHEMA.get_type(name)
    assert isinstance(found, GraphQLObjectType)
    assert sorted(found.fields) == fields.split()


def test_the_currencies_of_the_interface_are_those_whose_minor_unit_is_known() -> None:
    found = SCHEMA.get_type("Currency")
    assert isinstance(found, GraphQLEnumType)
    assert list(found.values) == list(CURRENCIES)
