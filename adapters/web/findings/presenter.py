"""What is wrong with a plan, the loudest first, and what ends it: each remedy a button, or a form where something is
still to be said."""

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
from domain.program.policy import Severity
from domain.things import Aggregate, Thing

SIGNS: dict[Severity, str] = {"alarm": "‼", "warning": "!", "hint": "·"}
TONES: dict[Severity, str] = {"alarm": "bad", "warning": "warning", "hint": "quiet"}
AT_FIRST = 5
"""So many findings are shown before one asks for all."""


May = Callable[[Right], bool]
"""Whether the reader may carry out a command that takes a right: at no point but now."""


@dataclass(frozen=True)
class RemedyView:
    """What would end a finding."""

    label: str
    address: str
    """Its form, with what is known filled in; where it can go as it is, where that is sent."""
    fields: Sequence[tuple[str, str]]
    """What is sent; empty where something is still to be said."""


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
    """What would end it; with the form by which the plan is excused, or held to the rule again, last."""


@dataclass(frozen=True)
class FindingsShown:
    first: Sequence[FindingView]
    more: int
    """How many are not shown here."""
    every: str
    """The page that shows all."""
    counts: str
    """How many there are of each severity, in words."""
    version: int
    key: str
    """With its place, the key under which each remedy is recorded once."""


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
    """`path` is that of the aggregate, a plan or the program, which remedies are sent to; `every` the page of all."""
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
    """Excuses the plan from the rule for a time, or holds it to the rule again."""
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
    """What it is about, in few words: the thing it names, else what it would say."""
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
