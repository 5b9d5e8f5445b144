"""The policy: the numbers by which plans are judged, by version, and the differences between two versions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from adapters.rendering.words import spaced
from adapters.web.errors import NoSuchPage
from adapters.web.languages import Speech
from adapters.web.plan.pages import AggregateRequest
from adapters.web.plan.presenter import PlanHead
from application.findings.registry import RULES
from application.views.cuts import plan_at
from application.views.policy_in_force import policy_at
from domain.account_plan.plan import Tier
from domain.program.language import ProgramState
from domain.program.limits import DEFAULT_POLICY, Policy
from domain.program.policy import AdoptedPolicy, PolicyAdopted

GRIDS = ("sections", "cadence", "team", "findings")
"""The parts of a policy that are shown as tables."""


@dataclass(frozen=True)
class VersionRow:
    number: int
    effective_on: str
    adopted: str
    reason: str
    address: str
    is_shown: bool


@dataclass(frozen=True)
class PolicyGrid:
    """Numbers in two dimensions: sections by tier, reviews by tier."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Difference:
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class PolicyView:
    head: PlanHead
    number: int
    versions: Sequence[VersionRow]
    numbers: Sequence[tuple[str, str]]
    grids: Sequence[PolicyGrid]
    rules: Sequence[tuple[str, str, str, str]]
    """Each rule of the findings: its name, what it finds, its severity, and whether the policy sets it."""
    compared_with: int | None
    differences: Sequence[Difference]
    adopt: str


def policy_view(asked: AggregateRequest[ProgramState]) -> PolicyView:
    """Return the version in force, or the requested one, beside the version it is compared with. Raises
    `NoSuchPage`.
    """
    state, say = plan_at(asked.known, asked.cut), asked.say
    adopted = {each.version: each for each in state.all(AdoptedPolicy).values()}
    policies = {0: DEFAULT_POLICY} | {number: each.policy for number, each in adopted.items()}
    given = asked.request.query_params
    number = _number(given.get("version"), policy_at(asked.known.records, asked.cut).version)
    # One of the earlier versions may have been withdrawn.
    other = _number(given.get("with"), max((each for each in policies if each < number), default=None))
    if number not in policies or (other is not None and other not in policies):
        raise NoSuchPage(say("There is no such version of the policy at this point."))
    policy = policies[number]
    return PolicyView(
        head=asked.head,
        number=number,
        versions=list(_versions(asked, adopted, number)),
        numbers=list(leaves(policy, say, but=GRIDS)),
        grids=list(grids(policy, say)),
        rules=list(rules(policy, say)),
        compared_with=other,
        differences=differences(policies[other], policy, say) if other is not None else [],
        adopt="/program/do/adopt-policy" if asked.may("program") and asked.cut.cut == "now" else "",
    )


def _number(given: str | None, otherwise: Any) -> Any:
    if given is None or given == "":
        return otherwise
    return int(given) if given.isdecimal() and len(given) < 9 else -1


def _versions(
    asked: AggregateRequest[ProgramState], adopted: Mapping[int, AdoptedPolicy], shown: int
) -> Iterator[VersionRow]:
    """Return the versions, the latest first and the default one last."""
    say = asked.say
    by_version = {
        record.event.version: record
        for record in asked.known.records[: asked.cut.version]
        if isinstance(record.event, PolicyAdopted)
    }
    for number in sorted(adopted, reverse=True):
        record = by_version[number]
        yield VersionRow(
            number,
            say.day(adopted[number].effective_on),
            say("{actor}, {at}", actor=record.meta.actor, at=say.instant(record.meta.recorded_at)),
            record.meta.reason or "",
            f"/program/policy?version={number}",
            number == shown,
        )
    yield VersionRow(0, "–", "", say("where nothing was adopted"), "/program/policy?version=0", shown == 0)


def leaves(value: Any, say: Speech, path: tuple[str, ...] = (), but: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield every number of a policy with its name: “coverage: survivors”, “4”."""
    parts = dict(value) if isinstance(value, BaseModel) else value
    if not isinstance(parts, Mapping):
        yield ": ".join(say(spaced(part)) for part in path), say.value(value, path[-1]) or "–"
        return
    for name, inner in parts.items():
        if name not in but:
            yield from leaves(inner, say, (*path, name))


def differences(before: Policy, after: Policy, say: Speech) -> list[Difference]:
    old, new = dict(leaves(before, say)), dict(leaves(after, say))
    names = [*new, *(name for name in old if name not in new)]
    return [
        Difference(name, old.get(name, "–"), new.get(name, "–")) for name in names if old.get(name) != new.get(name)
    ]


def grids(policy: Policy, say: Speech) -> Iterator[PolicyGrid]:
    tiers = get_args(Tier)
    named = [say(spaced(tier)) for tier in tiers]

    def days(number: int | None) -> str:
        return "–" if number is None else say.number(number)

    yield PolicyGrid(
        say("How many days old a section may be"),
        named,
        [(say(spaced(name)), [days(of.get(tier)) for tier in tiers]) for name, of in policy.sections.items()],
    )
    kinds = dict.fromkeys(kind for of in policy.cadence.values() for kind in of)
    yield PolicyGrid(
        say("How many days may lie between two reviews of a kind"),
        named,
        [(say(spaced(kind)), [days(policy.cadence_days(tier).get(kind)) for tier in tiers]) for kind in kinds],
    )

    def roles(tier: Tier, what: str) -> str:
        return ", ".join(say(spaced(role)) for role in getattr(policy.roles(tier), what)) or "–"

    team = [(say(what), [roles(tier, what) for tier in tiers]) for what in ("required", "expected")]
    yield PolicyGrid(say("Who of ours is on the team"), named, team)


def rules(policy: Policy, say: Speech) -> Iterator[tuple[str, str, str, str]]:
    for name, rule in RULES.items():
        said = policy.findings.get(name)
        loud = say("off") if said and said.off else say(said.severity if said else rule.severity)
        yield say(spaced(name)), say.about(rule.finds), loud, say("by this policy") if said else ""
