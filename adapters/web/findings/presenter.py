"""The findings of a plan, the most severe first, each with its remedies: a button, or a form if a field is still
missing."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlencode

from adapters.rendering.words import spaced
from adapters.web.forms.form import pairs_of
from adapters.web.languages import Speech
from application.aggregates.access import Right, right_to
from application.findings.finding import Finding, Remedy
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.exceptions import GrantException, RevokeException
from domain.aggregates import AggregateType
from domain.language import Command
from domain.program.limits import Severity
from domain.things import Aggregate, Thing

SIGNS: dict[Severity, str] = {"alarm": "‼", "warning": "!", "hint": "·"}
TONES: dict[Severity, str] = {"alarm": "bad", "warning": "warning", "hint": "quiet"}
AT_FIRST = 5
"""The number of findings shown before the reader asks for all."""


May = Callable[[Right], bool]
"""Returns whether the reader may carry out a command that needs a right. At a past cut nobody may."""


@dataclass(frozen=True)
class RemedyView:
    """A command that would end a finding."""

    label: str
    address: str
    """The address of its form with the known fields filled in, or the address to which a complete command is sent."""
    fields: Sequence[tuple[str, str]]
    """The fields that are sent; empty if one is still missing."""


@dataclass(frozen=True)
class FindingView:
    severity: str
    sign: str
    tone: str
    rule: str
    sentence: str
    since: str
    seed: str
    excused: str
    remedies: Sequence[RemedyView]
    """The remedies. The form that excuses the plan, or revokes the exception, comes last."""


@dataclass(frozen=True)
class FindingsShown:
    first: Sequence[FindingView]
    more: int
    """The number of findings that are not shown here."""
    every: str
    """The address of the page with all findings."""
    counts: str
    """The number of findings of each severity, in words."""
    version: int
    key: str
    """With the index of a remedy, the idempotency key under which it is recorded once."""


def findings_shown(
    items: Sequence[Finding],
    state: Aggregate,
    path: str,
    version: int,
    key: str,
    say: Speech,
    may: May,
    of: AggregateType[Any] = ACCOUNT_PLAN,
    at_most: int | None = None,
    every: str = "",
) -> FindingsShown:
    """Return the findings. `path` is that of the aggregate to which remedies are sent; `every` is the page with all
    findings."""
    views = [finding_view(each, state, path, say, may, of) for each in items[:at_most]]
    counts = counts_in_words(Counter(each.severity for each in items if not each.excused), say)
    return FindingsShown(views, len(items) - len(views), every, counts, version, key)


def counts_in_words(counted: Mapping[Severity, int], say: Speech) -> str:
    return ", ".join(
        say.counted(*COUNTED[severity], counted[severity]) for severity in get_args(Severity) if counted.get(severity)
    )


COUNTED: dict[Severity, tuple[str, str]] = {
    "alarm": ("{number} alarm", "{number} alarms"),
    "warning": ("{number} warning", "{number} warnings"),
    "hint": ("{number} hint", "{number} hints"),
}


def finding_view(
    each: Finding, state: Aggregate, path: str, say: Speech, may: May, of: AggregateType[Any] = ACCOUNT_PLAN
) -> FindingView:
    excused, possible = each.excused, [one for one in each.remedies if may(right_to(of.commands[one.command]))]
    return FindingView(
        severity=say(each.severity),
        sign=SIGNS[each.severity],
        tone=TONES[each.severity],
        rule=say(spaced(each.rule)),
        sentence=say.told(each.sentence),
        since=say("since {day}", day=say.day(each.since_on)),
        seed=say(each.seed),
        excused=say("excused until {day} by {person}", day=say.day(excused.until_on), person=excused.by)
        if excused
        else "",
        remedies=[
            *(_remedy(one, of.commands[one.command], state, path, say) for one in possible),
            *(_exception(each, path, say, may) if of is ACCOUNT_PLAN else ()),
        ],
    )


def _exception(each: Finding, path: str, say: Speech, may: May) -> Iterator[RemedyView]:
    """Return the form that excuses the plan from the rule for a time, or that revokes the exception."""
    command: type[Command] = RevokeException
    words = say("hold to the rule again")
    if not each.excused:
        command, words = GrantException, say("excuse")
    if may(right_to(command)):
        yield RemedyView(f"{words} …", f"{path}/do/{command.called()}?{urlencode({'rule': each.rule})}", [])


def _remedy(remedy: Remedy, command: type[Command], state: Aggregate, path: str, say: Speech) -> RemedyView:
    pairs = list(pairs_of(command, remedy.body))
    address = f"{path}/do/{remedy.command}"
    words = " ".join(filter(None, (say(spaced(remedy.command)), _about(remedy, command, state, say))))
    if remedy.missing:
        return RemedyView(f"{words} …", f"{address}?{urlencode(pairs)}", [])
    return RemedyView(words, address, pairs)


def _about(remedy: Remedy, command: type[Command], state: Aggregate, say: Speech) -> str:
    """Return what the finding is about, in few words: the thing it names, else the value in its remedy."""
    named = state.named(command.noun, str(remedy.body.get("id", "")))
    if named:
        said = [say.value(value, field) for field, value in remedy.body.items() if field not in ("id", "member")]
        return f"{_called(named)}: {', '.join(said)}" if said else _called(named)
    for field in ("account_name", "statement", "title", "section", "kind", "roles"):
        if field in remedy.body:
            return say.quoted(say.value(remedy.body[field], field))
    parts = [state.named(kind, str(remedy.body[kind])) for kind in ("offering", "unit") if kind in remedy.body]
    return " · ".join(_called(part) for part in parts if part)


def _called(thing: Thing) -> str:
    return thing.known_as or thing.id
