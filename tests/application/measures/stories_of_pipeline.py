"""Stories about the measures of the pipeline, and the next steps and people it depends on."""

from tests.application.findings.stories import opportunity, person
from tests.application.measures.stories import Story, next_step, won

STORIES: list[Story] = [
    Story(
        "pipeline_created",
        [opportunity(when="2026-02-28"), ("2026-03-01", "reforecast-opportunity", {"id": "deal", "amount": "1"})],
        {"2026-01": "0", "2026-02": "90000", "2026-03": "0"},
    ),
    Story(
        "pipeline_created_by_source",
        [opportunity(), opportunity("friend", source="referral", amount="5")],
        {"2026-01": {"plan": "90000", "referral": "5"}, "2026-02": {}},
    ),
    Story(
        "pipeline_open",
        [opportunity(), won("deal", "2026-03-01")],
        {"2026-01": "90000", "2026-02": "90000", "2026-03": "0"},
    ),
    Story(
        "weighted_pipeline",
        [opportunity(probability="0.5"), opportunity("unknown")],
        {"2026-01": "45000.0"},
    ),
    Story(
        "multi_threaded",
        [
            *(person(id) for id in ("a", "b", "c")),
            opportunity(),
            opportunity("thin"),
            ("2026-02-01", "engage-stakeholders", {"id": "deal", "stakeholders": ["a", "b", "c"]}),
            ("2026-02-01", "engage-stakeholders", {"id": "thin", "stakeholders": ["a", "b"]}),
            ("2026-03-01", "record-departure", {"id": "c", "left_on": "2026-03-01"}),
        ],
        {"2026-01": "0.0000", "2026-02": "0.5000", "2026-03": "0.0000"},
    ),
    Story("multi_threaded", [], {"2026-01": None}),
    Story(
        "multi_threaded_opportunities",
        [
            *(person(id) for id in ("a", "b", "c")),
            opportunity(),
            opportunity("thin"),
            ("2026-02-01", "engage-stakeholders", {"id": "deal", "stakeholders": ["a", "b", "c"]}),
            ("2026-02-01", "engage-stakeholders", {"id": "thin", "stakeholders": ["a", "b"]}),
            ("2026-03-01", "engage-stakeholders", {"id": "thin", "stakeholders": ["c"]}),
            ("2026-04-01", "record-departure", {"id": "c", "left_on": "2026-04-01"}),
        ],
        {"2026-01": "0", "2026-02": "1", "2026-03": "2", "2026-04": "0"},
    ),
    Story(
        "next_step_dated",
        [opportunity(), next_step("2026-03-31")],
        {"2026-02": "1.0000", "2026-03": "0.0000"},
    ),
    Story("next_step_dated", [opportunity(), next_step("2026-04-01")], {"2026-03": "1.0000", "2026-04": "0.0000"}),
]
