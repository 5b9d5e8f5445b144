"""Refusals of commands on every aggregate."""

from domain.language import Refusal


class Unknown(Refusal):
    """There is no {kind} “{id}” in this {aggregate}."""

    @property
    def type(self) -> str:
        return f"unknown-{self.said['kind']}"


class Taken(Refusal):
    """This {aggregate} already has another {kind} “{id}”; choose another id."""

    @property
    def type(self) -> str:
        return f"{self.said['kind']}-id-taken"


class Over(Refusal):
    """The {kind} “{id}” {ending}; this can no longer be done."""

    @property
    def type(self) -> str:
        return f"{self.said['kind']}-over"


class NotOver(Refusal):
    """The {kind} “{id}” is not over, so there is nothing to reopen."""

    @property
    def type(self) -> str:
        return f"{self.said['kind']}-not-over"


class DayInTheFuture(Refusal):
    """{day} is still to come (today is {today} in the {aggregate}'s time zone): what has happened has a day up to
    today."""


class DueBeforeOpened(Refusal):
    """{day} is more than a year before the {aggregate} was opened, on {opened_on}: so old a promise is not taken
    over."""

    @property
    def type(self) -> str:
        return f"due-before-{self.said['aggregate']}-opened"


class Misplaced(Refusal):
    """The field “{field}” {why}."""
