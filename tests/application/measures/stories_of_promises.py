"""Stories about the measures of promises: actions, plays and milestones."""

from tests.application.findings.stories import action
from tests.application.measures.stories import Story, done, ended, play, started

STORIES: list[Story] = [
    Story(
        "on_schedule",
        [
            action("kept", due_on="2026-02-10"),
            action("late", due_on="2026-02-10"),
            action("pending", due_on="2026-03-01"),
            action("unsaid", when="2026-02-02", due_on="2026-02-20"),
            done("kept", "2026-02-10"),
            done("late", "2026-02-11"),
            done("unsaid", "2026-02-12"),
        ],
        {"2026-01": None, "2026-02": "0.5000", "2026-03": "0.0000"},
    ),
    Story(
        "play_completion",
        [
            play("won", due_on="2026-02-10"),
            play("lost", due_on="2026-02-10"),
            play("missed", due_on="2026-02-28"),
            play("pending", due_on="2026-03-01"),
            ended("won", "2026-02-11"),
            ended("lost", "2026-02-10", "lose-play"),
        ],
        {"2026-01": None, "2026-02": "0.6667", "2026-03": "0.0000"},
    ),
    Story(
        "plays_started",
        [play("a"), play("b"), started("a", "2026-02-28"), started("b", "2026-03-01")],
        {"2026-01": "0", "2026-02": "1", "2026-03": "1", "2026-04": "0"},
    ),
    Story(
        "milestone_on_time",
        [
            action("m1", kind="milestone", due_on="2026-02-10"),
            action("m2", kind="milestone", due_on="2026-02-10"),
            action("m3", kind="milestone", due_on="2026-02-10"),
            action("task", due_on="2026-02-10"),
            done("m1", "2026-02-10"),
            done("m3", "2026-02-11"),  # a day late
        ],
        {"2026-01": None, "2026-02": "0.3333", "2026-03": None},
    ),
    Story(
        "milestones_held",
        [
            action("m1", kind="milestone", calendar_hold=True),
            action("m2", kind="milestone"),
            action("task"),
            ("2026-02-01", "hold-date", {"id": "m2"}),
        ],
        {"2026-01": "0.5000", "2026-02": "1.0000"},
    ),
    Story(
        "pilot_days",
        [
            *(play(id) for id in ("a", "b", "never")),
            play("tour", kind="discovery"),
            started("a", "2026-01-10", started_on="2026-01-08"),
            started("b", "2026-01-10"),
            started("tour", "2026-01-10"),
            ended("a", "2026-02-28", finished_on="2026-01-18"),
            ended("b", "2026-02-28", "lose-play", finished_on="2026-01-30"),
            ended("tour", "2026-02-28"),
            ended("never", "2026-02-28"),
        ],
        {"2026-01": None, "2026-02": "15", "2026-03": None},
    ),
    Story(
        "library_win_rate",
        [
            play("a", library_play="proof-of-value"),
            play("b", library_play="proof-of-value"),
            play("c", library_play="tour"),
            play("own"),
            ended("a", "2026-02-01"),
            ended("b", "2026-02-28", "lose-play"),
            ended("c", "2026-03-01"),
            ended("own", "2026-02-01"),
        ],
        {"2026-01": {}, "2026-02": {"proof-of-value": "0.5000"}, "2026-03": {"tour": "1.0000"}},
    ),
    Story(
        "library_keep_rate",
        [
            action("kept", due_on="2026-02-10", library_play="proof-of-value"),
            action("late", due_on="2026-02-10", library_play="proof-of-value"),
            action("tour", due_on="2026-02-28", library_play="tour"),
            action("own", due_on="2026-02-10"),
            done("kept", "2026-02-10"),
            done("late", "2026-02-11"),
            done("tour", "2026-03-01"),
            done("own", "2026-02-11"),
        ],
        {"2026-02": {"proof-of-value": "0.5000", "tour": "0.0000"}, "2026-03": {}},
    ),
]
