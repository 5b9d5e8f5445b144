"""Stories about the measures of people: whom we know, and whether the right ones meet."""

from tests.application.findings.stories import member, person, touch, unit
from tests.application.measures.stories import BUYER, SPONSOR, Story, held, rated

STORIES: list[Story] = [
    Story(
        "contacts_mapped",
        [
            person("a"),
            person("b", "2026-02-01"),
            ("2026-01-06", "add-stakeholder", {"id": "role", "title": "Head of line", "level": "management"}),
            ("2026-03-01", "record-departure", {"id": "a", "left_on": "2026-03-01"}),
        ],
        {"2026-01": "1", "2026-02": "2", "2026-03": "1"},
    ),
    Story(
        "contacts_engaged",  # known well by somebody who is still on the team
        [
            *(person(id) for id in ("a", "b")),
            rated("a", 2, "ben"),
            rated("b", 1),
            member("account_executive", "ben"),
            ("2026-03-01", "release-member", {"person": "ben", "role": "account_executive", "until_on": "2026-03-01"}),
        ],
        {"2026-01": "1", "2026-02": "1", "2026-03": "0"},
    ),
    Story(
        "contacts_engaged",  # or met at most 92 days ago
        [person("a"), person("b"), touch("2026-02-27", "a"), touch("2026-02-28", "b")],
        {"2026-01": "0", "2026-02": "2", "2026-05": "1", "2026-06": "0"},
    ),
    Story(
        "coverage",
        [*(person(f"p{n}", roles=["decision_maker"]) for n in range(3)), rated("p0", 2), rated("p1", 1)],
        {"2026-01": "0.1667"},  # of the six that a purchase needs
    ),
    Story(
        "coverage",
        [*(person(f"p{n}", roles=["decision_maker"]) for n in range(8)), rated("p0", 2), rated("p1", 2)],
        {"2026-01": "0.2500"},  # of the eight there are
    ),
    Story(
        "new_buying_centers",
        [unit("a"), unit("b", buying_center=False), ("2026-02-01", *unit("c")[1:])],
        {"2026-01": "1", "2026-02": "1", "2026-03": "0"},
    ),
    Story(
        "executive_meetings",
        [
            BUYER,
            touch("2026-02-02", "cfo", kind="executive_meeting"),
            held("M1", "2026-02-02", "executive_meeting", ["cfo"]),  # the same meeting, recorded twice
            touch("2026-02-28", "cfo", kind="executive_meeting"),
            touch("2026-02-03", "cfo", kind="call"),
        ],
        {"2026-01": "0", "2026-02": "2", "2026-03": "0"},
    ),
    Story(
        "buyer_meetings",
        [
            BUYER,
            person("user"),
            touch("2026-02-02", "cfo", "user", kind="meeting"),
            touch("2026-02-03", "user", kind="meeting"),
            touch("2026-02-04", "cfo", kind="email"),
            held("Q1", "2026-02-05", "qbr", ["cfo"]),
        ],
        {"2026-01": "0", "2026-02": "2", "2026-03": "0"},
    ),
    Story(
        "sponsor_coverage",
        [SPONSOR, member("executive_sponsor", "eve", "2026-02-01")],
        {"2026-01": "0.0000", "2026-02": "1.0000"},
    ),
]
