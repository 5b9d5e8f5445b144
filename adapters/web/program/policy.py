"""The policy: the numbers by which plans are judged, by version, and the differences between two versions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from adapters.rendering.words import NOTHING, spaced
from adapters.web.errors import NoSuchPage
from adapters.web.languages import Speech
from adapters.web.plan.asked import AggregateRequest
from adapters.web.plan.presenter import NEVER_SAID, PlanHead, Value, value_address
from adapters.web.program.overview import PATH
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
    effective_on: Value
    adopted: str
    event: str
    """The page of the event that adopted it."""
    reason: str
    address: str
    is_shown: bool


@dataclass(frozen=True)
class PolicyGrid:
    """Numbers in two dimensions: sections by tier, reviews by tier."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Value]]]


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
    numbers: Sequence[tuple[str, Value]]
    grids: Sequence[PolicyGrid]
    rules: Sequence[tuple[str, str, Value, str]]
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
    policy, setters = policies[number], _setters(asked, policies, number)
    return PolicyView(
        head=asked.head,
        number=number,
        versions=list(_versions(asked, adopted, number)),
        numbers=[
            (in_words(path, say), Value(_told(value, path, say), setters(*path)))
            for path, value in leaves(policy)
            if path[0] not in GRIDS
        ],
        grids=list(grids(policy, setters, say)),
        rules=list(rules(policy, setters, say)),
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
            Value(
                say.day(adopted[number].effective_on),
                value_address(PATH, asked.cut, AdoptedPolicy.noun, adopted[number].id, "effective_on"),
            ),
            say("{actor}, {at}", actor=record.meta.actor, at=say.instant(record.meta.recorded_at)),
            f"/events/{record.id}",
            record.meta.reason or "",
            f"/program/policy?version={number}",
            number == shown,
        )
    yield VersionRow(0, NEVER_SAID, "", "", say("where nothing was adopted"), "/program/policy?version=0", shown == 0)


Path = tuple[str, ...]
"""Where a number stands in a policy: `coverage`, `survivors`."""

Setters = Callable[..., str]
"""Returns the page of the event that set what stands at a path; nothing where nobody did."""


def _setters(asked: AggregateRequest[ProgramState], policies: Mapping[int, Policy], shown: int) -> Setters:
    """Return who set each number of a version. A policy is adopted as a whole, but only the first version that says a
    number so has set it."""
    adopted = [
        (record, record.event.version)
        for record in asked.known.records[: asked.cut.version]
        if isinstance(record.event, PolicyAdopted) and record.event.version in policies
        if record.event.version <= shown
    ]
    said, setters = dict(leaves(policies[0])), dict[Path, str]()
    for record, version in adopted:
        before, said = said, dict(leaves(policies[version]))
        setters |= dict.fromkeys((path for path in said if before.get(path) != said[path]), f"/events/{record.id}")
    return lambda *path: setters.get(path, "")


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every number of a policy with its place."""
    parts = dict(value) if isinstance(value, BaseModel) else value
    if not isinstance(parts, Mapping):
        yield path, value
        return
    for name, inner in parts.items():
        yield from leaves(inner, (*path, name))


def in_words(path: Path, say: Speech) -> str:
    """Return the name of a number: “coverage: survivors”."""
    return ": ".join(say(spaced(part)) for part in path)


def _told(value: Any, path: Path, say: Speech) -> str:
    return say.value(value, path[-1]) or NOTHING


def differences(before: Policy, after: Policy, say: Speech) -> list[Difference]:
    old, new = dict(leaves(before)), dict(leaves(after))

    def told(said: Mapping[Path, Any], path: Path) -> str:
        return _told(said[path], path, say) if path in said else NOTHING

    paths = [*new, *(path for path in old if path not in new)]
    found = [Difference(in_words(path, say), told(old, path), told(new, path)) for path in paths]
    return [each for each in found if each.before != each.after]


def grids(policy: Policy, setters: Setters, say: Speech) -> Iterator[PolicyGrid]:
    tiers = get_args(Tier)
    named = [say(spaced(tier)) for tier in tiers]

    def days(number: int | None, *path: str) -> Value:
        return NEVER_SAID if number is None else Value(say.number(number), setters(*path))

    yield PolicyGrid(
        say("How many days old a section may be"),
        named,
        [
            (say(spaced(name)), [days(of.get(tier), "sections", name, tier) for tier in tiers])
            for name, of in policy.sections.items()
        ],
    )
    kinds = dict.fromkeys(kind for of in policy.cadence.values() for kind in of)
    yield PolicyGrid(
        say("How many days may lie between two reviews of a kind"),
        named,
        [
            (
                say(spaced(kind)),
                [days(policy.cadence_days(tier).get(kind), "cadence", tier, kind) for tier in tiers],
            )
            for kind in kinds
        ],
    )

    def roles(tier: Tier, what: str) -> Value:
        words = ", ".join(say(spaced(role)) for role in getattr(policy.roles(tier), what))
        return Value(words, setters("team", tier, what)) if words else NEVER_SAID

    team = [(say(what), [roles(tier, what) for tier in tiers]) for what in ("required", "expected")]
    yield PolicyGrid(say("Who of ours is on the team"), named, team)


def rules(policy: Policy, setters: Setters, say: Speech) -> Iterator[tuple[str, str, Value, str]]:
    for name, rule in RULES.items():
        said = policy.findings.get(name)
        loud = say("off") if said and said.off else say(said.severity if said else rule.severity)
        by = setters("findings", name, "off" if said and said.off else "severity")
        yield say(spaced(name)), say.about(rule.finds), Value(loud, by), say("by this policy") if said else ""
