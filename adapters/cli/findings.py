"""Findings as they are shown in a terminal: how loud, what is wrong and what to do, and the commands that end it."""

import json
from collections.abc import Iterator, Mapping

from pydantic_core import to_jsonable_python
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, heading
from application.findings.finding import Finding, Remedy
from application.findings.registry import FindingsView
from domain.program.policy import Severity

STYLES: Mapping[Severity, str] = {"alarm": ALARM, "warning": WARNING, "hint": QUIET}


def findings_list(view: FindingsView) -> Iterator[RenderableType]:
    policy = f"policy {view.policy_version}" if view.policy_version else "default policy"
    yield heading(f"{len(view.items)} findings", f"at {view.as_of.cut}, {view.as_of.date}, by the {policy}")
    if not view.items:
        yield Text("Nothing is wrong with this plan.", GOOD)
    for each in view.items:
        yield from shown(each)


def shown(finding: Finding) -> Iterator[RenderableType]:
    yield Text.assemble(
        (f"{finding.severity:8}", STYLES[finding.severity]),
        (finding.rule, "bold"),
        (f"  since {finding.since_on}", QUIET),
    )
    yield Padding(Text(finding.sentence), (0, 0, 0, 8))
    if excused := finding.excused:
        why = f": {excused.reason}" if excused.reason else ""
        yield Padding(Text(f"Excused by {excused.by} until {excused.until_on}{why}", QUIET), (0, 0, 0, 8))
    for each in finding.remedies:
        yield Padding(Text(told(each), QUIET), (0, 0, 0, 10))


def told(remedy: Remedy) -> str:
    """The command, what is filled in, and what is still to be said."""
    missing = f"  + {', '.join(remedy.missing)}" if remedy.missing else ""
    return f"→ {remedy.command} {json.dumps(to_jsonable_python(remedy.body), ensure_ascii=False)}{missing}"
