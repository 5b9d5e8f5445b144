"""The wording of reports: the headline, which states the score as a sales leader would, and the format of values."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapters.rendering.words import AMOUNTS, COUNTS, SHARES, in_words
from application.reports.outcomes import Flag, Outcome

Json = Mapping[str, Any]
DECIMAL = re.compile(r"-?[0-9]+([.][0-9]+)?")

NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split()
LONGEST_TITLE = 60
TOLD_AFTERWARDS: Mapping[Outcome, str | None] = {
    "kept": None,
    "late": "late",
    "failed": "tried without success",
    "slipped": "moved to a later day",
    "missed": "missed",
    "dropped": "dropped",
    "pending": None,
}
"""How a sentence counts promises of each scored outcome, in this order. Kept ones come first, separately."""
OUTCOMES: Mapping[Outcome, str] = {
    "kept": "✓ kept",
    "late": "◔ late",
    "failed": "✗ failed",
    "dropped": "⊘ dropped",
    "slipped": "→ slipped",
    "missed": "● missed",
    "pending": "○ pending",
}
FLAGS: Mapping[Flag, str] = {
    "restated": "reworded since",
    "reassigned": "handed to somebody else",
    "blocked": "blocked",
    "pulled_forward": "pulled forward",
    "unexplained": "moved without a reason",
    "late_notice": "moved at the last moment",
    "overdue": "overdue",
    "recorded_late": "recorded late",
    "no_evidence": "no evidence",
    "already_done": "was done already",
    "orphaned": "nobody of the team owns it",
    "unheld": "not in the calendar",
    "reopened": "reopened",
    "unsaid": "done without being said",
    "withdrawn": "withdrawn as a mistake",
}


def number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def counted(count: int, noun: str) -> str:
    """Return a count in words, for sentences. Tables use digits."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def percent(rate: Any) -> str:
    """Return a rate in per cent, rounded half up; a dash if nothing was scored."""
    if rate is None:
        return "–"
    return f"{(Decimal(str(rate)) * 100).quantize(Decimal(1), ROUND_HALF_UP)} %"


def quoted(title: str) -> str:
    """Return a title in quotation marks, shortened between words if it is long."""
    whole = len(title) <= LONGEST_TITLE
    return f"“{title}”" if whole else f"“{title[:LONGEST_TITLE].rpartition(' ')[0] or title[:LONGEST_TITLE]} …”"


def called(row: Json) -> str:
    """Return the name of a promise in a sentence: its title if that is short, else its id."""
    return quoted(row["title"]) if len(row["title"]) <= LONGEST_TITLE else f"the {row['kind']} {row['id']}"


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."


def headline(report: Json) -> str:
    """Return the headline of one plan's report: the score, and the promise that most needs an explanation."""
    score, said = report["score"], report["said"]
    told = score_told(score) if score["scored"] else nothing_scored(report)
    reason = wants_explaining(said) if score["scored"] else ""
    return so_far(report, sentence(told + (f"; {reason}" if reason else "")))


def so_far(report: Json, told: str) -> str:
    if not report["provisional"]:
        return told
    return f"So far: {told}"


def score_told(score: Json) -> str:
    """Return the score in words: kept out of scored, then the other outcomes."""
    kept, scored = score["kept"], score["scored"]
    others = [(score[outcome], words) for outcome, words in TOLD_AFTERWARDS.items() if words and score[outcome]]
    if scored == 1:
        return f"the one promise that was due was {others[0][1] if others else 'kept'}"
    if kept == scored:
        return f"all {scored} promises kept"
    begun = f"{kept} of {scored} promises kept" if kept else f"none of {scored} promises kept"
    return ", ".join([begun, *(f"{number(count)} {words}" for count, words in others)])


def nothing_scored(report: Json) -> str:
    said, pending = report["said"], report["score"]["pending"]
    if pending:
        return f"nothing was due yet; {counted(pending, 'promise')} {'is' if pending == 1 else 'are'} still open"
    if said:
        return "nothing that was said can be scored"
    finished = sum(row["outcome"] in ("kept", "late", "failed") for row in report["added"])
    done = (
        f"; {counted(finished, 'thing')} {'was' if finished == 1 else 'were'} done without being said"
        if finished
        else ""
    )
    return f"nothing was promised{done}"


def wants_explaining(said: Sequence[Json]) -> str:
    """Return a clause about the promises that were moved without a reason; else about the one that has been overdue
    longest."""
    ours = [row for row in said if row.get("side") != "customer" and row["outcome"] != "pending"]
    silent = [row for row in ours if "unexplained" in row["flags"]]
    if len(silent) == 1:
        return f"{called(silent[0])} was moved without a reason"
    if silent:
        return f"{number(len(silent))} were moved without a reason"
    missed = [row for row in ours if row["outcome"] == "missed" and row.get("days_late")]
    if missed:
        worst = max(missed, key=lambda row: row["days_late"])
        return f"{called(worst)} is {counted(worst['days_late'], 'day')} overdue"
    return ""


def month_headline(report: Json) -> str:
    """Return the headline of a report on many plans."""
    score, plans = report["totals"]["score"], report["totals"]["plans"]
    if not plans:
        return so_far(report, "There was no plan to report on.")
    over = f" across {counted(plans, 'plan')}"
    if not score["scored"]:
        return so_far(report, f"Nothing was due{over}.")
    first, *others = score_told(score).split(", ")
    return so_far(report, sentence(", ".join([first + over, *others])))


def value(given: Any, field: str = "") -> str:
    """Return a value of the report's JSON in the format for people."""
    return in_words(revived(given, field), field)


def revived(given: Any, field: str = "") -> Any:
    """Return a value of the report's JSON in its Python type. In JSON, decimals and days are strings."""
    match given:
        case str() if field in AMOUNTS | SHARES | COUNTS and DECIMAL.fullmatch(given):
            return Decimal(given)
        case str() if field.endswith("_on"):
            return day(given)
        case dict():
            return {name: revived(each, name) for name, each in given.items()}
        case list():
            return [revived(each, field) for each in given]
    return given


def day(iso: Any) -> str:
    """Return a day as `9 Mar 2026`."""
    return f"{(known := date.fromisoformat(str(iso)[:10])).day} {known:%b %Y}" if iso else "–"
