"""GraphQL over the service: our schema file, its scalars, and a resolver for each root field.

Fields of other types are answered by what their node holds, or by FIELDS."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    EnumValueNode,
    ExecutionResult,
    FieldNode,
    FloatValueNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLSchema,
    IntValueNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    ValueNode,
    VariableNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from data.credits.amounts import AmountError, decimal
from data.metering.service import (
    costs,
    entitlements,
    estimates,
    history,
    packages,
    pickers,
    plans,
    readings,
)
from data.metering.service.limits import only_reading, refused
from data.metering.service.service import Service
from data.metering.service.store import Row

SDL = (Path(__file__).parent / "schema.graphql").read_text()
PAGE_DEFAULT = {"first": 10}
EVENT_TEXTS = ("customerId", "eventName", "idempotencyKey")
EVENT_FIELDS = {*EVENT_TEXTS, "resourceId", "timestamp", "dimensions"}

ALIASES: dict[str, dict[str, str]] = {
    "PromotionalEntitlementPeriod": {
        "1 week": "ONE_WEEK",
        "1 month": "ONE_MONTH",
        "6 month": "SIX_MONTH",
        "1 year": "ONE_YEAR",
        "lifetime": "LIFETIME",
        "custom": "CUSTOM",
    },
    "ThresholdType": {"CREDIT_AMOUNT": "CreditAmount", "DOLLAR_AMOUNT": "DollarAmount"},
    "GrantExpirationPeriod": {
        "MONTH": "OneMonth",
        "1_MONTH": "OneMonth",
        "YEAR": "OneYear",
        "1_YEAR": "OneYear",
    },
}
"""Enum → other surfaces' spelling → ours: read, never printed (contract, section 0)."""

Resolver = Callable[..., Any]


def _list_of(listed: Callable[..., Row]) -> Resolver:
    return lambda service, _, filter=None, paging=None, sorting=None: listed(
        service, filter or {}, paging or PAGE_DEFAULT, sorting
    )


ROOTS: dict[str, dict[str, Resolver]] = {
    "Query": {
        "customers": lambda service, _, filter=None, paging=None, sorting=None: pickers.customers(
            service, filter or {}, paging or PAGE_DEFAULT, sorting
        ),
        "getCustomerByRefId": lambda service, _, input: pickers.customer_by_id(service, input),
        "customerResources": lambda service, _, filter=None, paging=None, sorting=None: (
            pickers.resources(service, filter or {}, paging or PAGE_DEFAULT, sorting)
        ),
        "customCurrencies": lambda service, _, input=None: pickers.currencies(service, input),
        "features": lambda service, _, filter=None, paging=None, sorting=None: pickers.features(
            service, filter or {}, paging or PAGE_DEFAULT, sorting
        ),
        "getActiveSubscriptions": lambda service, _, input: pickers.active_subscriptions(
            service, input
        ),
        "subscriptions": lambda service, _, filter=None, paging=None, sorting=None: (
            pickers.subscriptions(service, filter or {}, paging or PAGE_DEFAULT, sorting)
        ),
        "creditGrants": lambda service, _, input: readings.grants(service, input),
        "creditUsage": lambda service, _, input: readings.usage(service, input),
        "creditEventsFields": lambda service, _, input: readings.fields(service, input),
        "creditsLedger": lambda service, _, input: readings.ledger(service, input),
        "getAutoRechargeSettings": lambda service, _, input: readings.recharge_settings(
            service, input
        ),
        "creditBalanceSummary": lambda service, _, input: readings.balances(service, input),
        "promotionalEntitlements": lambda service, _, filter=None, paging=None, sorting=None: (
            entitlements.promotions(service, filter or {}, paging or PAGE_DEFAULT, sorting)
        ),
        "entitlementsState": lambda service, _, query: entitlements.state_of(service, query),
        "entitlement": lambda service, _, query: entitlements.entitlement(service, query),
        "entitlementV2": lambda service, _, query: entitlements.entitlement(service, query),
        "usageHistoryV2": lambda service, _, input: history.history(service, input),
        "usageHistory": lambda service, _, usageHistoryInput: history.history_v1(
            service, usageHistoryInput
        ),
        "estimateEventCost": lambda service, _, input: costs.of_event(service, input),
        "estimateUsageCost": lambda service, _, input: costs.of_usage(service, input),
        "paywall": lambda service, _, input=None: plans.paywall(service, input or {}),
        **{
            name: _list_of(listed)
            for name, listed in {
                "products": plans.products,
                "plans": plans.plans,
                "addons": plans.addons,
                "coupons": plans.coupons,
            }.items()
        },
    },
    "Mutation": {
        "provisionCustomer": lambda service, _, input: _provisioned(service, input),
        "createCreditGrant": lambda service, _, input: readings.grant_by_id(
            service, service.create_grant(input)
        ),
        "updateCreditGrant": lambda service, _, input: readings.grant_by_id(
            service, service.update_grant(input)
        ),
        "voidCreditGrant": lambda service, _, input: readings.grant_by_id(
            service, service.void_grant(input)
        ),
        "saveAutoRechargeSettings": lambda service, _, input: readings.recharge_node(
            service, service.save_recharge(input)
        ),
        "consumeCredits": lambda service, _, input: service.consume(input),
        "consumeCreditsAsync": lambda service, _, input: service.consume_async(
            input["consumptions"]
        ),
        "grantPromotionalEntitlements": lambda service, _, input: [
            entitlements.promotion(service, row) for row in service.grant_promotions(input)
        ],
        "revokePromotionalEntitlement": lambda service, _, input: entitlements.promotion(
            service, service.revoke_promotion(input)
        ),
        "reportUsage": lambda service, _, input: service.report_usage(input),
        "reportUsageBulk": lambda service, _, input: service.report_usage_bulk(input["usages"]),
        "reportEvent": lambda service, info, events: service.report_events(
            events["usageEvents"] if info.context is None else info.context
        ),
        "estimateSubscription": lambda service, _, input: estimates.new(service, input),
        "estimateSubscriptionUpdate": lambda service, _, input: estimates.update(service, input),
    },
}
FIELDS: dict[str, dict[str, Resolver]] = {
    "CustomerSubscription": {
        "plan": lambda row, info: packages.plan_by_id(info.root_value, row["plan"]["refId"])
    }
}
"""Fields of other types that the node alone does not answer."""


def _provisioned(service: Service, given: Row) -> Row:
    made = service.provision_customer(given)
    subscription = made["subscription"]
    return {
        "customer": pickers.customer(made["customer"]),
        "subscription": pickers.subscription(service, subscription) if subscription else None,
    }


def execute(
    service: Service, text: str, variables: Row, operation: str | None, *, may_write: bool = True
) -> ExecutionResult:
    """Run one operation; errors are in the result."""
    document, errors = _read(text)
    if document is not None and not errors and not may_write:
        errors = only_reading(document)
    if document is None or errors:
        return ExecutionResult(data=None, errors=errors)
    events = None
    if name := _events_variable(text):
        variables, events = events_aside(variables, name)
    return execute_sync(
        SCHEMA,
        document,
        root_value=service,
        context_value=events,
        variable_values=variables,
        operation_name=operation,
    )


@lru_cache(maxsize=512)
def _read(text: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    try:
        document = parse(Source(text), max_tokens=5000)
    except GraphQLError as error:
        return None, [error]
    return document, refused(document) or list(validate(SCHEMA, document))


@lru_cache(maxsize=512)
def _events_variable(text: str) -> str | None:
    """The variable with the events, in a document that does nothing but report them."""
    document, _ = _read(text)
    match document and document.definitions:
        case (
            OperationDefinitionNode(
                selection_set=SelectionSetNode(
                    selections=(
                        FieldNode(
                            name=NameNode(value="reportEvent"),
                            directives=None | (),
                            arguments=(ArgumentNode(value=VariableNode(name=variable)),),
                        ),
                    )
                )
            ),
        ):
            return variable.value
    return None


def events_aside(variables: Row, name: str) -> tuple[Row, list[Row] | None]:
    """The variables without their events, and these, checked as the schema says.

    graphql-core takes three times as long to do the same. Where anything is unusual the
    variables stay as they are, and it says what is wrong.
    """
    given = variables.get(name)
    match given:
        case {"usageEvents": list(listed), **rest} if not rest:
            try:
                events = [_event(one) for one in listed]
            except (GraphQLError, ValueError):
                return variables, None
            return variables | {name: {"usageEvents": []}}, events
    return variables, None


def _event(given: Any) -> Row:
    """An event with its time read; ValueError or GraphQLError where it is not of its type."""
    if type(given) is not dict or not given.keys() <= EVENT_FIELDS:
        raise ValueError
    for name in EVENT_TEXTS:
        if type(given.get(name)) is not str:
            raise ValueError
    if type(given.get("resourceId")) not in (str, NoneType):
        raise ValueError
    time = given.get("timestamp")
    return given if time is None else given | {"timestamp": _read_time(time)}


def _build() -> GraphQLSchema:
    schema = build_schema(SDL)
    for type_name, resolvers in (ROOTS | FIELDS).items():
        owner = schema.get_type(type_name)
        for field, resolve in resolvers.items():
            owner.fields[field].resolve = resolve  # type: ignore[union-attr]  # object types by SDL
    _set_leaf(schema, "DateTime", output_value=_time_text, input_value=_read_time)
    # Float is graphql-core's own object, shared by every schema of this process, which is ours
    # alone: numbers stay decimals on their way in and out, so that no credit is lost to a float.
    _set_leaf(
        schema,
        "Float",
        output_value=_number,
        input_value=_number,
        input_literal=_read_number_literal,
    )
    for name, spellings in ALIASES.items():
        _accept(schema, name, spellings)
    return schema


def _accept(schema: GraphQLSchema, name: str, spellings: Mapping[str, str]) -> None:
    """Let an enum be read in other spellings too, in variables and in the document."""
    enum = schema.get_type(name)
    assert isinstance(enum, GraphQLEnumType)
    read, read_literal = enum.coerce_input_value, enum.coerce_input_literal

    def coerce_value(value: Any, hide_suggestions: bool = False) -> Any:
        known = spellings.get(value, value) if isinstance(value, str) else value
        return read(known, hide_suggestions)

    def coerce_literal(node: Any, hide_suggestions: bool = False) -> Any:
        if isinstance(node, EnumValueNode) and node.value in spellings:
            node = EnumValueNode(value=spellings[node.value], loc=node.loc)
        return read_literal(node, hide_suggestions)

    _set_leaf(schema, name, input_value=coerce_value, input_literal=coerce_literal)


def _set_leaf(schema: GraphQLSchema, name: str, **coercions: Callable[..., Any]) -> None:
    leaf = schema.get_type(name)
    for what, coerce in coercions.items():
        setattr(leaf, f"coerce_{what}", coerce)


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise GraphQLError(f"Float cannot represent {value!r}.")
    try:
        return decimal(value)
    except AmountError as error:
        raise GraphQLError(str(error)) from None


def _read_number_literal(node: ValueNode) -> Decimal:
    if not isinstance(node, FloatValueNode | IntValueNode):
        raise GraphQLError("Float cannot represent a non-numeric value.", node)
    return Decimal(node.value)


def _time_text(value: datetime) -> str:
    whole = value.microsecond % 1000 == 0
    return value.isoformat(timespec="milliseconds" if whole else "microseconds") + "Z"


def _read_time(value: Any) -> datetime:
    """Naive UTC; a time without a zone is UTC."""
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (TypeError, ValueError, OverflowError):
        raise GraphQLError(f"DateTime cannot represent {value!r}: ISO 8601 is expected.") from None


SCHEMA = _build()
