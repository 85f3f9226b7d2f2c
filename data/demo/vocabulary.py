"""The words that the demo's dimensions are made of."""

from itertools import product

MODELS = ("gemini", "claude", "gpt", "llama", "mistral")
VERSIONS = (
    ("2.0-flash", "2.5-pro", "3-pro"),
    ("sonnet-3.7", "sonnet-4", "sonnet-4.5"),
    ("4o", "4.1", "5"),
    ("3.1-70b", "3.3-70b", "4-maverick"),
    ("small-3", "medium-3", "large-3"),
)
"""Of each model in the order in which customers took them up over the year."""
REGIONS = ("us-east", "us-west", "eu-west", "eu-central", "ap-south")
ENVIRONMENTS = ("production", "staging", "development")
TEAM_WORDS = "platform search support growth research finance mobile content ops"
TEAMS = tuple(TEAM_WORDS.split())
USERS = tuple(f"user-{number:04d}" for number in range(1, 3101))

EVERYDAY = ("model", "model_version", "region", "team", "environment", "user_id")
NUMERIC = ("input_tokens", "output_tokens")

RARE_WORDS = """
    account_manager app_version batch_id cache_hit campaign channel contract cost_center dataset
    device_type document_type experiment feature_flag grade intent job_id language locale persona
    pipeline priority_class prompt_template retry reviewer sdk_version session_kind subject_area
    tenant_tier tool_name workflow
"""
RARE_KEYS = tuple(RARE_WORDS.split())
"""A customer has up to four of them."""

AREAS = """
    audit catalog chat checkout invoice loyalty onboarding payroll pricing returns roster search
    shipping survey warehouse
"""
ASPECTS = """
    batch bucket cohort group label level mode origin owner phase queue score shard slot source
    stage step target variant window
"""
LONG_TAIL_KEYS = tuple(
    f"{area}_{aspect}_{number}"
    for area, aspect, number in product(AREAS.split(), ASPECTS.split(), range(10))
)
"""3000 keys that one customer has."""

VALUE_WORDS = "alpha beta blue control false gold green pilot silver true 1 2 3"
RARE_VALUES = tuple(VALUE_WORDS.split())
