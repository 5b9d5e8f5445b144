"""What every rule says of its story, word for word, committed as `what_is_found.txt` beside this file.

`python -m tests.application.findings.what_is_found` writes it anew; read what it says differently before you keep it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic_core import to_json

from application.findings.examined import Examined
from application.findings.finding import Finding
from application.findings.judging import findings_by
from application.views.cuts import known_at
from application.views.policy_in_force import DEFAULT, PolicyInForce
from domain.program.limits import Policy
from tests.application.findings.stories import STORIES, Story, in_order
from tests.histories import opened

FILE = Path(__file__).with_suffix(".txt")
LATER = "2027-12-31"


def what_is_found() -> str:
    return "\n".join(line for story in STORIES for line in (*_told_of(story), ""))


def _told_of(story: Story) -> Iterator[str]:
    """The rule and the day, then each finding; events are told by their place in the plan's history."""
    history = opened(story.opened_on)
    for when, command, body in in_order(story.told, story.loud):
        history.on(when, command, **body)
    cut = history.cut(story.days[1], LATER)
    in_force = PolicyInForce(1, Policy.model_validate(story.numbers)) if story.numbers else DEFAULT
    yield f"{story.rule} on {story.days[1]}"
    versions = {record.id: record.version for record in history.known.records}
    for each in findings_by(story.rule, Examined(known_at(history.known, cut), cut, in_force)):
        yield from _told(each, versions)


def _told(found: Finding, versions: Mapping[str, int]) -> Iterator[str]:
    things = ", ".join(f"{each.kind} {each.id}" for each in found.things) or "nothing"
    events = ", ".join(str(versions[id]) for id in found.events) or "none"
    yield f"  {found.sentence}"
    yield f"    {found.severity} since {found.since_on}, about {found.about}, seen in {things}; events {events}"
    for remedy in found.remedies:
        missing = f" and {', '.join(remedy.missing)}" if remedy.missing else ""
        yield f"    {remedy.command} {to_json(remedy.body).decode()}{missing}"


if __name__ == "__main__":
    FILE.write_text(what_is_found(), "utf-8")
