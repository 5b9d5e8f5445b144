"""The type from which every view of a plan is computed."""

from application.aggregates.loaded import LoadedAggregate
from domain.account_plan.language import AccountPlan

LoadedPlan = LoadedAggregate[AccountPlan]
"""A plan and its records, as of a version."""
