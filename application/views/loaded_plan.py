"""The input of every view of a plan."""

from application.aggregates.loaded import LoadedAggregate
from domain.account_plan.language import AccountPlan

LoadedPlan = LoadedAggregate[AccountPlan]
"""A plan and its records, as of a version."""
