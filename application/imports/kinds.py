"""The kinds of rows that a table may contain, and how a row is recognised when the same table is imported again."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.account_plan.actions import AddAction
from domain.account_plan.goals import SetGoal
from domain.account_plan.health import RecordHealth, SetContract
from domain.account_plan.opportunities import OpenOpportunity
from domain.account_plan.overview import AddUnit
from domain.account_plan.plan import OpenPlan
from domain.account_plan.plays import PlanPlay
from domain.account_plan.relationships import LogTouch
from domain.account_plan.risks import RaiseRisk
from domain.account_plan.stakeholders import AddStakeholder
from domain.account_plan.team import AssignMember
from domain.account_plan.threads import EngageStakeholders
from domain.account_plan.whitespace import AssessCell, ListOffering
from domain.language import Command
from domain.markers import Refers, marked

SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class ImportKind:
    """What each row of a table is. A row becomes one command of this kind."""

    name: str
    command: type[Command]
    known_by: Sequence[tuple[str, ...]] = ()
    """The fields that identify the thing of a row without an id. The first combination that a row fills in counts."""

    @property
    def opens_plans(self) -> bool:
        return self.command is OpenPlan

    @property
    def makes_things(self) -> bool:
        """Whether a row creates a thing with an id. Otherwise it sets values of something of which a plan has only
        one.
        """
        return self.command.needs == "new"

    def references(self) -> Mapping[str, str]:
        """The kind of thing that each field refers to, by field."""
        of_others = {field: refers.kind for field, refers in marked(self.command, Refers)}
        return of_others | ({"id": self.command.noun} if self.command.needs == "open" else {})


KINDS: Mapping[str, ImportKind] = {
    kind.name: kind
    for kind in (
        ImportKind("portfolio", OpenPlan),
        ImportKind("stakeholders", AddStakeholder, (("crm_id",), ("email",), ("name",), ("title",))),
        ImportKind("units", AddUnit, (("name",),)),
        ImportKind("offerings", ListOffering, (("name",),)),
        ImportKind("cells", AssessCell),
        ImportKind("opportunities", OpenOpportunity, (("crm_id",), ("name",))),
        ImportKind("engagements", EngageStakeholders),
        ImportKind("goals", SetGoal, (("statement",),)),
        ImportKind("risks", RaiseRisk, (("statement",),)),
        ImportKind("plays", PlanPlay, (("title",),)),
        ImportKind("actions", AddAction, (("statement",),)),
        ImportKind("touches", LogTouch, (("happened_on", "kind", "stakeholders", "members", "summary"),)),
        ImportKind("team", AssignMember),
        ImportKind("contracts", SetContract),
        ImportKind("health", RecordHealth),
    )
}


class Identities:
    """Ids for rows that have none: the same row always gets the same id.

    Ids stay on the log for ever, so they must not reveal names or mail addresses. They are derived with a secret of the
    store; only an id of the CRM is used as it is.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, kind: ImportKind, plan_id: UUID, body: Mapping[str, Any]) -> tuple[str | None, str]:
        """Return the id of a row, and the fields it was derived from; None if no field identifies the row."""
        if body.get("id"):
            return str(body["id"]), "id"
        for fields in kind.known_by:
            if any(body.get(field) for field in fields):
                return self.made_of(kind.command.noun, plan_id, fields, body), " and ".join(fields)
        return None, ""

    def made_of(self, noun: str, plan_id: UUID, fields: Sequence[str], body: Mapping[str, Any]) -> str:
        values = [str(body.get(field) or "") for field in fields]
        if fields == ("crm_id",) and SLUG.fullmatch(values[0]):
            return values[0]
        said = "\0".join((str(plan_id), noun, *fields, *(" ".join(value.casefold().split()) for value in values)))
        digest = hmac.digest(self._secret, said.encode(), hashlib.sha256)
        return f"{noun[0]}{int.from_bytes(digest[:8], 'big') % 10**12:012}"
