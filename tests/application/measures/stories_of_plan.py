"""Stories about the measures of the plan itself: whitespace, risks, hypotheses, and how well it is kept."""

from tests.application.findings.stories import action, cell, offering, unit
from tests.application.measures.stories import Story, ended, hypothesis, play, risk

STORIES: list[Story] = [
    Story(
        "whitespace_converted",
        [
            unit("a"),
            *(offering(id) for id in ("x", "y", "z")),
            cell("x"),
            cell("y", penetration="pilot"),
            ("2026-02-01", "assess-cell", {"unit": "a", "offering": "x", "penetration": "opportunity"}),
            ("2026-02-01", "assess-cell", {"unit": "a", "offering": "y", "penetration": "adopted"}),  # from a pilot
            ("2026-02-01", "assess-cell", {"unit": "a", "offering": "z", "penetration": "lost"}),
        ],
        {"2026-01": {"pilot": "1"}, "2026-02": {"opportunity": "1"}, "2026-03": {}},
    ),
    Story(
        "penetrated_share",
        [
            unit("a"),
            *(offering(id) for id in ("x", "y", "z", "w")),
            cell("x", penetration="adopted"),
            cell("y", penetration="na"),
            cell("z", penetration="pilot"),
        ],
        {"2026-01": "0.3333"},  # of x, z and w, which nobody assessed
    ),
    Story("penetrated_share", [], {"2026-01": None}),
    Story(
        "risks_worked",
        [
            risk("a"),
            risk("b"),
            ("2026-02-01", "reassess-risk", {"id": "a", "likelihood": 4}),
            ("2026-02-28", "plan-mitigation", {"id": "a", "statement": "Train both shifts on line B"}),
            risk("c", "2026-02-28"),
            ("2026-02-28", "withdraw-risk", {"id": "c", "reason": "Another account"}),
        ],
        {"2026-01": "2", "2026-02": "1", "2026-03": "0"},
    ),
    Story(
        "risk_updates_per_week",
        [
            risk("a", "2026-02-01"),
            risk("b", "2026-02-28"),
            ("2026-03-01", "reassess-risk", {"id": "a", "likelihood": 5}),
        ],
        {"2026-02": "0.5000", "2026-03": "0.2258", "2026-04": "0.0000"},
    ),
    Story(
        "exposure",
        [
            risk("a"),
            risk("b", likelihood=5, impact=5),
            ("2026-02-01", "close-risk", {"id": "b", "outcome": "averted", "closed_on": "2026-02-01"}),
        ],
        {"2026-01": "37", "2026-02": "12"},
    ),
    Story("arr_exposed", [risk("a", arr_exposed="50"), risk("b")], {"2026-01": "50"}),
    Story(
        "hypothesis_quality",
        [
            *(hypothesis(id, "25") for id in ("a", "b", "unrated")),
            ("2026-02-01", "rate-hypothesis", {"id": "a", "quality": 4}),
            ("2026-02-28", "rate-hypothesis", {"id": "b", "quality": 1}),
        ],
        {"2026-01": None, "2026-02": "2.5000"},
    ),
    Story(
        "calibration_hypotheses",
        [
            hypothesis("half", "20 %"),
            hypothesis("all", "30", baseline="40"),
            hypothesis("words", "first order placed"),
            hypothesis("two", "between 20 and 30"),
            ("2026-02-28", "refute-hypothesis", {"id": "half", "observed": "10 %"}),
            ("2026-02-28", "confirm-hypothesis", {"id": "all", "observed": "30"}),
            ("2026-02-28", "confirm-hypothesis", {"id": "words", "observed": "25"}),
            ("2026-02-28", "confirm-hypothesis", {"id": "two", "observed": "25"}),
        ],
        {"2026-01": None, "2026-02": "0.7500", "2026-03": None},
    ),
    Story(
        "calibration_hypotheses",
        [
            hypothesis("one", "1"),
            hypothesis("nothing", "0"),  # of which there is no share
            hypothesis("no-more", "7", baseline="7"),
            ("2026-02-28", "refute-hypothesis", {"id": "one", "observed": "0.5"}),
            ("2026-02-28", "confirm-hypothesis", {"id": "nothing", "observed": "3"}),
            ("2026-02-28", "confirm-hypothesis", {"id": "no-more", "observed": "9"}),
        ],
        {"2026-02": "0.5000"},
    ),
    Story(
        "calibration_plays",
        [
            play("sure", confidence="0.9"),
            play("unsure", confidence="0.3"),
            play("unsaid"),
            ended("sure", "2026-02-28", "lose-play"),
            ended("unsure", "2026-02-28"),
            ended("unsaid", "2026-02-28", "lose-play"),
        ],
        {"2026-01": None, "2026-02": "0.1000", "2026-03": None},
    ),
    Story("hygiene", [], {"2026-01": "0.9286", "2026-02": "0.5714"}),
    Story("hygiene", [("2026-01-27", "confirm-section", {"section": "risks"})], {"2026-02": "0.5714"}),
    Story("hygiene", [("2026-01-28", "confirm-section", {"section": "risks"})], {"2026-02": "0.6429"}),
    Story("hygiene", [], {"2026-01": None}, tier="standard"),
    Story(
        "findings",
        [action("a", due_on="2026-02-28"), action("b", due_on="2026-03-01")],
        {
            "2026-01": {"alarm": "0", "warning": "0", "hint": "0"},
            "2026-02": {"alarm": "0", "warning": "1", "hint": "0"},
            "2026-03": {"alarm": "0", "warning": "2", "hint": "0"},
        },
        tier="standard",
    ),
    Story(
        "findings",
        [
            action("a", due_on="2026-02-28"),
            ("2026-02-20", "grant-exception", {"rule": "overdue-promise", "until_on": "2026-03-30", "reason": "Fair"}),
        ],
        {
            "2026-02": {"alarm": "0", "warning": "0", "hint": "0"},
            "2026-03": {"alarm": "0", "warning": "1", "hint": "0"},
        },
        tier="standard",
    ),
]
