"""The stored form of month ends has a shape number. If the stored figures of a certain story change, the number must
grow, because every store then rebuilds its table."""

import json
from hashlib import sha256

from pydantic_core import from_json, to_json

from application.measures.measure import MEASURE_NAMES
from application.measures.measured import measured_months
from application.measures.month_end import SHAPE, month_end
from application.reports.months import month_named, months_between
from tests.application.findings.stories import action, cell, goal, member, offering, opportunity, person, touch, unit
from tests.application.measures.stories import (
    contract,
    done,
    ended,
    held,
    hypothesis,
    play,
    rated,
    risk,
    started,
    told,
    won,
)
from tests.histories import History, instant

FINGERPRINTS = {
    1: "d17617e68408666eb6709b7091f7568ed07976d08288f43ac56d7e3dc3c9f715",
    # From here on findings that are excused do not count.
    2: "d17617e68408666eb6709b7091f7568ed07976d08288f43ac56d7e3dc3c9f715",
    # From here on what became of the findings is kept.
    3: "d17617e68408666eb6709b7091f7568ed07976d08288f43ac56d7e3dc3c9f715",
    # From here on actions count for the play of the library they were taken from.
    4: "5e182f09b6875796b56d7ffe86feb356e47f7be71e8a1f3d9505db98a788f74d",
    # From here on a plan that was merged into another says no longer what the account pays.
    5: "5e182f09b6875796b56d7ffe86feb356e47f7be71e8a1f3d9505db98a788f74d",
    # From here on it says how many opportunities are multi-threaded, and rules judge reviews, alignments and news as
    # corrected and executives as they were when they were met.
    6: "bac188a5851ab78ba1e69e6d733dafa5879c4f4137ba37f4f59640838535569a",
    # From here on a risk that was entered by mistake is none that was worked on, and a QBR may be held earlier.
    7: "bac188a5851ab78ba1e69e6d733dafa5879c4f4137ba37f4f59640838535569a",
    # From here on a section is empty where all that was written in it was taken back.
    8: "bac188a5851ab78ba1e69e6d733dafa5879c4f4137ba37f4f59640838535569a",
    # From here on a review held after the day of a win plans nothing, though the win was recorded later.
    9: "bac188a5851ab78ba1e69e6d733dafa5879c4f4137ba37f4f59640838535569a",
    # From here on an opportunity that was opened after it was won does not count as planned.
    10: "bac188a5851ab78ba1e69e6d733dafa5879c4f4137ba37f4f59640838535569a",
    # From here on an executive meeting of one day counts once, however it was recorded.
    11: "bac188a5851ab78ba1e69e6d733dafa5879c4f4137ba37f4f59640838535569a",
}
"""By shape.  Those of the past tell that a shape was never given another meaning."""

NOW = instant("2026-06-15")
OTHERS = tuple(name for name in MEASURE_NAMES if name != "findings")
"""The rules of the findings have boundaries of their own, which `tests.application.findings` knows."""


def story() -> History:
    """Never altered: events and rules that come later leave it as it is."""
    return told(
        [
            contract("2026-01-05", "1000"),
            person("cfo", level="executive", roles=["economic_buyer", "executive_sponsor"]),
            rated("cfo", 2),
            touch("2026-01-20", "cfo", kind="meeting"),
            member("executive_sponsor", "eve", "2026-01-20"),
            unit("a"),
            offering("x"),
            cell("x"),
            goal(),
            opportunity(),
            opportunity("inbound", source="inbound", goal="triple"),
            held("R1", "2026-02-02"),
            ("2026-02-03", "assess-cell", {"unit": "a", "offering": "x", "penetration": "pilot"}),
            won("deal", "2026-02-10", "80000", discount="0.1"),
            won("inbound", "2026-03-10", "700"),
            play("pilot", due_on="2026-02-20", confidence="0.5", library_play="proof", stakeholders=["cfo"]),
            play("tour", due_on="2026-02-20"),
            started("pilot", "2026-01-10"),
            ended("pilot", "2026-02-19"),
            ("2026-02-20", "reschedule-play", {"id": "tour", "due_on": "2026-03-20"}),
            action("price", due_on="2026-02-10"),
            action("kick-off", kind="milestone", due_on="2026-03-10", calendar_hold=True),
            done("price", "2026-02-11"),
            risk("a", arr_exposed="500"),
            ("2026-02-01", "reassess-risk", {"id": "a", "likelihood": 5}),
            hypothesis("h", "20"),
            ("2026-01-07", "rate-hypothesis", {"id": "h", "quality": 4}),
            ("2026-03-01", "confirm-hypothesis", {"id": "h", "observed": "15"}),
            ("2026-03-02", "record-departure", {"id": "cfo", "left_on": "2026-02-20"}),
            ("2026-03-20", "archive-plan", {"reason": "Sold"}),
        ]
    )


def test_what_is_kept_differently_has_a_shape_of_its_own():
    months = months_between(month_named("2026-01", NOW), month_named("2026-04", NOW))
    kept = [
        (month_end(at, OTHERS), at.reported.kept().model_dump(exclude={"findings", "opened"}))
        for at in measured_months(story().known, months, NOW)
    ]
    looks = from_json(to_json(kept, by_alias=False))
    found = sha256(json.dumps(looks, sort_keys=True).encode()).hexdigest()
    assert FINGERPRINTS.get(SHAPE) == found, (
        "Something else is kept of the months of the same story, so tables that were made before are not right any"
        f" more. Raise SHAPE in application/measures/month_end.py to {max(FINGERPRINTS) + 1}, and add to FINGERPRINTS:"
        f' {max(FINGERPRINTS) + 1}: "{found}"'
    )
