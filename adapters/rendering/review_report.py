"""The said-versus-did report between two cuts of a plan, as a document."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from adapters.rendering.changes import changes
from adapters.rendering.deciding import to_decide
from adapters.rendering.document import Document, Section, Sentence
from adapters.rendering.findings import blind_spots, warning_signs
from adapters.rendering.promises import facts, promises, score_groups
from adapters.rendering.trend import trend
from adapters.rendering.whitespace import whitespace
from adapters.rendering.wording import Json, day, headline
from application.reports.outcomes import ListName

LISTS: Mapping[ListName, tuple[str, str, str]] = {
    "said": (
        "What was said",
        "Promises that were open and not yet due",
        "Nothing was said that had still to be done.",
    ),
    "carried": ("What was carried over", "Promises that were overdue already", "Nothing was overdue then."),
    "added": ("What was added since", "Promises made, or taken up again, in between", "Nothing was added."),
}
"""For each list of promises: its title, its caption, and the sentence shown if it is empty."""


def review_report(report: Json) -> Document:
    return Document(
        title=f"Said versus did: {report['account_name']}",
        period=f"{cut_told(report['from'])} → {cut_told(report['to'])}",
        headline=headline(report),
        remarks=list(remarks(report)),
        facts=facts(report),
        sections=[
            Section("decide", "To decide today", list(to_decide(report))),
            *(Section(name, title, [promises(report[name], *told)]) for name, (title, *told) in LISTS.items()),
            Section("changes", "What changed", list(changes(report))),
            Section("whitespace", "Whitespace, unit by unit", [whitespace(report)]),
            Section("figures", "The score in figures", [score_groups(report)]),
            Section("blind-spots", "Blind spots", list(blind_spots(report))),
            Section("theatre", "Signs of theatre", list(warning_signs(report))),
            Section("trend", "Trend", list(trend(report))),
            Section("head", "Head of the log", [log_head(report.get("log_head"))]),
        ],
    )


def cut_told(cut: Json) -> str:
    """Return a cut in words: `review m-2026-03, 26 Mar 2026`."""
    kind, _, which = cut["cut"].partition(":")
    named = {"review": f"review {which}", "version": f"version {which}", "event": f"version {cut['version']}"}
    return f"{named[kind]}, {day(cut['date'])}" if kind in named else day(cut["date"])


def remarks(report: Json) -> Iterator[Sentence]:
    if report["provisional"]:
        yield Sentence("The day or month this report closes with is not over: it may still change.", "warning")
    for end in ("from", "to"):
        if report[end]["recorded_late"]:
            yield Sentence(f"The {cut_told(report[end])} was recorded more than two days after it was held.", "warning")
    if report["from"]["version"] == 0:
        yield Sentence("The plan was not open at the beginning of the period: everything is new.", "quiet")


def log_head(head: Json | None) -> Sentence:
    if head is None:
        return Sentence("What this report is made of is not under a signed checkpoint of the log yet.", "warning")
    at = datetime.fromisoformat(head["sealed_at"])
    return Sentence(
        f"What this report is made of is under the signed checkpoint of {head['log']} over {head['size']:,} events,"
        f" root {head['root']}, of {day(at.date().isoformat())}, {at:%H:%M:%S} UTC."
    )
