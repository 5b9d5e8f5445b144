"""For every rule about one plan: a story in which it finds nothing, the nearest one in which it does, and what ends"
" it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.account_plan.rule_names import PlanRuleName
from tests.everything import ACTION, GOAL, HYPOTHESIS, OPPORTUNITY, PLAY, Line


@dataclass(frozen=True)
class Story:
    """Commands after which a rule finds nothing on the first of `days`, or with the lines in `quiet`, and finds
    something on the second, or with the lines in `loud`."""

    rule: PlanRuleName
    told: Sequence[Line] = ()
    days: tuple[str, str] = ("2026-05-01", "2026-05-01")
    """The last day without a finding and the first with one; the same day if the lines differ."""
    quiet: Sequence[Line] = ()
    loud: Sequence[Line] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """Numbers of the policy."""
    ended_by: str | None = None
    """The command among the remedies that ends the finding; None if only time or another event can."""
    saying: Mapping[str, Any] = field(default_factory=dict)
    """The fields that are missing in the remedy."""
    opened_on: str = "2026-01-05"

    def __str__(self) -> str:
        return f"{self.rule} until {self.days[0]}"


def person(id: str, when: str = "2026-01-05", level: str = "execution", **more: Any) -> Line:
    return when, "add-stakeholder", {"id": id, "name": f"Kim {id.capitalize()}son", "level": level, **more}


def knows(id: str, strength: int = 2, member: str = "ann") -> Line:
    return "2026-01-05", "rate-relationship", {"id": id, "member": member, "strength": strength}


def touch(when: str, *who: str, kind: str = "call", members: Sequence[str] = ("ann",), **more: Any) -> Line:
    met = {"happened_on": when, "kind": kind, "stakeholders": list(who), "members": list(members)}
    return when, "log-touch", met | more


def member(role: str, person: str = "eve", from_on: str = "2026-01-05", when: str = "") -> Line:
    return when or from_on, "assign-member", {"person": person, "role": role, "from_on": from_on}


def takes_over(role: str, person: str, from_on: str, former: str) -> Line:
    body = {"person": person, "role": role, "from_on": from_on, "takes_over_from": former}
    return from_on, "assign-member", body


def action(id: str, when: str = "2026-01-05", **more: Any) -> Line:
    return when, "add-action", {"id": id, "statement": "Send the price", "due_on": "2026-12-31", **ACTION} | more


def plays(number: int) -> list[Line]:
    return [
        ("2026-01-05", "plan-play", {"id": f"p{each}", "title": "Pilot on line B", "due_on": "2026-12-31", **PLAY})
        for each in range(number)
    ]


def hypotheses(number: int) -> list[Line]:
    return [("2026-01-05", "propose-hypothesis", {"id": f"h{each}", **HYPOTHESIS}) for each in range(number)]


def milestones(number: int, held: int) -> list[Line]:
    return [action(f"m{each}", kind="milestone", calendar_hold=each < held) for each in range(number)]


def opportunity(id: str = "deal", when: str = "2026-01-05", **more: Any) -> Line:
    return when, "open-opportunity", {"id": id, "name": "Line B", **OPPORTUNITY} | more


def goal(id: str = "triple") -> Line:
    return "2026-01-05", "set-goal", {"id": id, "statement": "Triple ARR", "due_on": "2026-12-31", **GOAL}


def request(when: str = "2026-02-01", **more: Any) -> Line:
    asked = {"function": "product", "kind": "custom_development", "statement": "Export to the MES", "owner": "ann"}
    return when, "raise-request", {"id": "export", **asked} | more


def unit(id: str, buying_center: bool = True) -> Line:
    return "2026-01-05", "add-unit", {"id": id, "name": f"Plant {id}", "kind": "site", "buying_center": buying_center}


def offering(id: str) -> Line:
    return "2026-01-05", "list-offering", {"id": id, "name": f"Hub {id}", "kind": "product"}


def cell(offering: str, when: str = "2026-01-05", **more: Any) -> Line:
    return when, "assess-cell", {"unit": "a", "offering": offering, "penetration": "aware"} | more


def qbr(id: str, when: str, theirs: Sequence[str] = ("coo",), ours: Sequence[str] = ("ann",), **more: Any) -> Line:
    came = {"ours": list(ours), "theirs": list(theirs)}
    return when, "hold-review", {"id": id, "kind": "qbr", "audience": "customer", "held_on": when, **came} | more


def review(id: str, when: str, **more: Any) -> Line:
    held = {"kind": "monthly", "audience": "internal", "held_on": when, "ours": ["ann"]}
    return when, "hold-review", {"id": id, **held} | more


def corrected_news(kind: str, when: str = "2026-02-03") -> Line:
    return when, "correct-news", {"id": "n1", "kind": kind, "reason": "Mistyped"}


def notes(when: str, number: int) -> list[Line]:
    return [(when, "write-note", {"section": "plan", "text": f"Budget of line {each}"}) for each in range(number)]


def pack(when: str, **metric: str) -> Line:
    metrics = [{"name": "Rework", **metric}]
    return when, "circulate-pack", {"id": "Q1", "circulated_on": when, "metrics": metrics}


COO = person("coo", level="executive")
COO_LEFT = ("2026-02-10", "record-departure", {"id": "coo", "left_on": "2026-02-10"})
EVE_RELEASED = (
    "2026-02-10",
    "release-member",
    {"person": "eve", "role": "executive_sponsor", "until_on": "2026-02-10"},
)
ZOE_RELEASED = (
    "2026-02-10",
    "release-member",
    {"person": "zoe", "role": "executive_sponsor", "until_on": "2026-02-11"},
)
SENIOR = {"person": "zoe", "role": "sales_engineer", "from_on": "2026-01-05", "senior": True}
SPONSOR = person("coo", level="executive", roles=["executive_sponsor"])
SCHEDULED = ("2026-02-01", "schedule-review", {"id": "Q1", "kind": "qbr", "planned_on": "2026-03-10"})
CANCELLED = ("2026-02-02", "cancel-review", {"id": "Q1", "reason": "COO is ill"})
REQUIRED = [member("account_executive", "ann"), member("customer_success", "cleo"), member("executive_sponsor")]
AGREED = ["ann", "cleo", "eve"]
ALIGNED = ("2026-02-01", "align-team", {"members": AGREED, "goal": "triple"})
HANDED_OVER = [
    COO,
    member("account_executive", "ann"),
    ("2026-02-01", "release-member", {"person": "ann", "role": "account_executive", "until_on": "2026-02-01"}),
]
TOGETHER = touch("2026-02-03", "coo", members=["ann", "ben"])
ROLES = ["economic_buyer", "champion", "executive_sponsor", "decision_maker", "technical_owner", "decision_maker"]
DECIDERS = [person(f"d{place}", roles=[role]) for place, role in enumerate(ROLES)]
WHITE = [unit("a"), *(offering(f"o{each}") for each in range(5))]
NEWS = {"id": "n1", "kind": "merger", "happened_on": "2026-02-02", "summary": "Bought Beta"}
MERGER = ("2026-02-02", "note-news", NEWS)
BOARD = {"id": "seat", "kind": "advisory_board", "statement": "A seat for the COO"}
ENTRENCHED = {"id": "globex", "name": "Globex", "entrenched_in": ["a"]}
GLOBEX = ("2026-01-06", "identify-competitor", ENTRENCHED)
WON = {"id": "deal", "won_on": "2024-02-01", "amount": "80000"}
EXPECTED = [
    member("technical_account_manager"),
    member("product_sponsor"),
]

STORIES = [
    Story("stale-section", days=("2026-01-12", "2026-01-13"), ended_by="confirm-section"),
    Story("stale-contact", [person("p")], ("2026-04-07", "2026-04-08"), ended_by="verify-stakeholder"),
    Story("stale-contact", [COO, touch("2026-02-01", "coo")], ("2026-05-04", "2026-05-05")),
    Story(
        "stale-contact",
        [person("p", email="p@example.com")],
        ("2026-02-01", "2026-02-01"),
        quiet=[("2026-02-01", "verify-stakeholder", {"id": "p", "email_status": "verified"})],
        loud=[("2026-02-01", "verify-stakeholder", {"id": "p", "email_status": "bounced"})],
        ended_by="record-departure",
        saying={"left_on": "2026-02-01"},
    ),
    Story(
        "missing-people",
        DECIDERS[:5],
        quiet=DECIDERS[5:],
        ended_by="add-stakeholder",
        saying={"name": "Kim Loe", "level": "management"},
    ),
    Story("missing-people", DECIDERS[1:], quiet=DECIDERS[:1], numbers={"coverage": {"decision_makers": 5}}),
    Story(
        "vague-promise",
        quiet=[action("a")],
        loud=[action("a", statement="Deepen the relationship")],
        ended_by="restate-action",
        saying={"statement": "Show the COO line B"},
    ),
    Story(
        "overdue-promise",
        [action("a", due_on="2026-03-20")],
        ("2026-03-19", "2026-03-20"),
        ended_by="complete-action",
    ),
    Story("whitespace-untouched", WHITE, ("2026-04-07", "2026-04-08")),
    Story(
        "whitespace-untouched",
        [*WHITE, cell("o0", "2026-04-01")],
        quiet=[cell("o1", "2026-04-01")],
        ended_by="assess-cell",
        saying={"penetration": "pilot"},
    ),
    Story("no-whitespace-candidate", WHITE, quiet=[cell("o1", bet="quick_win")], ended_by="assess-cell"),
    Story(  # the first to choose is the one that may be worth most
        "no-whitespace-candidate",
        [*WHITE, cell("o1", arr_potential="10000"), cell("o3", arr_potential="90000")],
        quiet=[cell("o2", timing="now")],
        ended_by="assess-cell",
    ),
    Story("not-reviewed", days=("2026-01-12", "2026-01-13"), ended_by="hold-review"),
    Story(
        "single-threaded",
        [person("p"), person("q"), knows("p")],
        quiet=[knows("q")],
        ended_by="rate-relationship",
        saying={"strength": 2},
    ),
    Story(
        "single-threaded",
        [person("p"), person("q"), knows("p"), knows("q"), touch("2026-02-01", "p")],
        quiet=[touch("2026-03-01", "q")],
        loud=[touch("2026-03-01", "p")],
    ),
    Story(
        "single-threaded",  # nobody else is met without them
        [person("p"), person("q"), knows("p"), knows("q"), touch("2026-02-01", "p"), touch("2026-02-02", "q", "p")],
        quiet=[touch("2026-03-01", "q")],
        loud=[touch("2026-03-01", "p")],
    ),
    Story(
        "single-threaded",
        [person("p"), person("q"), person("r"), knows("p"), knows("q"), touch("2026-02-01", "p")],
        quiet=[touch("2026-03-01", "r")],
        loud=[touch("2026-03-01", "p")],
    ),
    Story(
        "single-threaded",  # the contact with somebody else is no longer one of the last 180 days
        [
            *(person("p"), person("q"), knows("p"), knows("q")),
            *(touch("2026-01-10", "q"), touch("2026-02-01", "p"), touch("2026-03-01", "p")),
        ],
        ("2026-07-08", "2026-07-09"),
    ),
    Story(
        "paper-plan",
        [person("p"), person("q"), knows("p")],
        ("2026-07-06", "2026-07-07"),
        ended_by="rate-relationship",
        saying={"strength": 2},
    ),
    Story(
        "survivors",
        [line for id in "pqrst" for line in (person(id), knows(id, 2 if id != "t" else 1))],
        quiet=[knows("t")],
        ended_by="rate-relationship",
        saying={"strength": 2},
    ),
    Story("evaluator-only", [COO, touch("2026-02-01", "coo")], ("2026-05-04", "2026-05-05"), ended_by="log-touch"),
    Story("evaluator-only", [COO, touch("2026-02-01", "coo"), COO_LEFT], ("2026-05-04", "2026-05-05")),
    Story(
        "evaluator-only",
        [COO, person("p"), touch("2026-02-01", "coo")],
        ("2026-05-05", "2026-05-05"),
        quiet=[touch("2026-03-01", "p", "coo")],
        loud=[touch("2026-03-01", "p")],
    ),
    Story(
        "unplaced-relationship",
        [person("p")],
        quiet=[knows("p", 0)],
        loud=[knows("p", 1)],
        ended_by="rate-power",
        saying={"power": 3},
    ),
    Story(
        "hypothesis-without-proof",
        hypotheses(1),
        quiet=[("2026-01-06", "record-evidence", {"id": "h0", "observed": "27", "supports": True})],
        ended_by="revise-hypothesis",
        saying={"proof": ["benchmark"]},
    ),
    Story(
        "too-few-hypotheses",
        quiet=hypotheses(2),
        loud=hypotheses(1),
        ended_by="propose-hypothesis",
        saying=HYPOTHESIS,
    ),
    Story(
        "too-many-hypotheses",
        quiet=hypotheses(3),
        loud=hypotheses(4),
        ended_by="refute-hypothesis",
        saying={"observed": "0"},
    ),
    Story(
        "no-counter-strategy",
        [unit("a")],
        quiet=[("2026-01-06", "identify-competitor", ENTRENCHED | {"displacement_angle": "Their contract ends"})],
        loud=[("2026-01-06", "identify-competitor", ENTRENCHED)],
        ended_by="reassess-competitor",
        saying={"displacement_angle": "Their contract ends"},
    ),
    Story(
        "no-counter-strategy",  # a play against it, as long as it is open
        [unit("a"), GLOBEX, ("2026-01-06", "plan-play", plays(1)[0][2] | {"competitor": "globex"})],
        loud=[("2026-01-07", "drop-play", {"id": "p0", "reason": "Line is sold"})],
    ),
    Story(
        "no-counter-strategy",  # who only challenges has nothing to be displaced from, nor who is nowhere
        [unit("a"), ("2026-01-06", "identify-competitor", {"id": "initech", "name": "Initech"})],
        quiet=[GLOBEX, ("2026-01-06", "reassess-competitor", {"id": "globex", "position": "challenging"})],
        loud=[GLOBEX, ("2026-01-06", "reassess-competitor", {"id": "globex", "position": "entrenched"})],
    ),
    Story(
        "no-executive-sponsor",
        [SPONSOR],
        quiet=[member("executive_sponsor")],
        ended_by="assign-member",
        saying={"person": "eve"},
    ),
    Story(
        "no-executive-sponsor",
        [COO, member("executive_sponsor")],
        quiet=[("2026-01-05", "assign-roles", {"id": "coo", "roles": ["executive_sponsor"]})],
        ended_by="assign-roles",
    ),
    Story(
        "sponsor-meeting-overdue",
        [COO, touch("2026-02-01", "coo", kind="executive_meeting")],
        ("2026-05-04", "2026-05-05"),
        ended_by="log-touch",
    ),
    Story(
        "sponsor-neglected", [SPONSOR, touch("2026-02-01", "coo")], ("2026-05-04", "2026-05-05"), ended_by="log-touch"
    ),
    Story(
        "sponsor-neglected",  # the last time counts
        [SPONSOR, touch("2026-01-20", "coo"), touch("2026-02-01", "coo")],
        ("2026-05-04", "2026-05-05"),
    ),
    Story(
        "sponsor-meeting-overdue",
        [
            COO,
            touch("2026-01-20", "coo", kind="executive_meeting"),
            touch("2026-02-01", "coo", kind="executive_meeting"),
        ],
        ("2026-05-04", "2026-05-05"),
    ),
    Story(
        "evaluator-only",
        [COO, touch("2026-01-20", "coo"), touch("2026-02-01", "coo")],
        ("2026-05-04", "2026-05-05"),
    ),
    Story(
        "one-touchpoint",
        [person("coo", "2024-12-30", "executive"), touch("2025-02-03", "coo"), touch("2025-03-03", "coo")],
        ("2025-12-31", "2026-01-01"),
        opened_on="2024-12-30",
    ),
    Story(
        "one-touchpoint",
        [person("coo", "2024-12-30", "executive"), touch("2025-02-03", "coo")],
        ("2026-01-15", "2026-01-15"),
        quiet=[touch("2025-04-01", "coo")],
        loud=[touch("2025-03-31", "coo")],
        opened_on="2024-12-30",
    ),
    Story(
        "one-touchpoint",  # whoever left by then was met all the same
        [
            person("coo", "2024-12-30", "executive"),
            person("cfo", "2024-12-30", "executive"),
            touch("2025-02-03", "cfo"),
            ("2025-12-01", "record-departure", {"id": "coo", "left_on": "2025-12-01"}),
        ],
        ("2026-01-15", "2026-01-15"),
        quiet=[touch("2025-04-01", "coo")],
        opened_on="2024-12-30",
    ),
    Story(
        "handover-without-overlap",
        HANDED_OVER,
        quiet=[member("account_executive", "ben", "2026-02-01"), TOGETHER],
        loud=[member("account_executive", "ben", "2026-02-02"), TOGETHER],
    ),
    Story(
        "handover-without-overlap",
        [*HANDED_OVER, member("account_executive", "ben", "2026-02-01")],
        quiet=[TOGETHER],
        ended_by="log-touch",
        saying={"kind": "meeting", "stakeholders": ["coo"]},
    ),
    Story(
        "handover-without-overlap",
        [
            *HANDED_OVER,
            member("account_executive", "carl"),
            ("2026-01-10", "release-member", {"person": "carl", "role": "account_executive", "until_on": "2026-01-10"}),
        ],
        quiet=[takes_over("account_executive", "ben", "2026-02-01", "ann"), TOGETHER],
        loud=[takes_over("account_executive", "ben", "2026-02-01", "carl"), TOGETHER],
    ),
    Story(
        "team-incomplete",
        [*REQUIRED, member("executive_sponsor", "zoe"), EVE_RELEASED, ZOE_RELEASED],
        ("2026-02-11", "2026-02-12"),
        ended_by="assign-member",
        saying={"person": "eve"},
    ),
    Story("team-incomplete", REQUIRED[:2], quiet=REQUIRED[2:], ended_by="assign-member", saying={"person": "eve"}),
    Story(
        "team-expected",
        EXPECTED,
        quiet=[member("marketing_sponsor")],
        ended_by="assign-member",
        saying={"person": "eve"},
    ),
    Story("team-not-aligned", [*REQUIRED, goal(), ALIGNED], ("2026-03-31", "2026-04-01")),
    Story(
        "team-not-aligned", [*REQUIRED, goal()], ("2026-02-03", "2026-02-03"), quiet=[ALIGNED], ended_by="align-team"
    ),
    Story(
        "team-not-aligned",
        [*REQUIRED, goal(), ("2026-02-01", "align-team", {"members": ["ann", "cleo"], "goal": "triple"})],
        ("2026-02-03", "2026-02-03"),
        quiet=[("2026-02-02", "correct-alignment", {"goal": "triple", "members": AGREED, "reason": "Eve was there"})],
    ),
    Story(
        "team-not-aligned",
        [*REQUIRED, goal(), ALIGNED],
        ("2026-02-03", "2026-02-03"),
        loud=[("2026-02-02", "align-team", {"members": ["ann", "cleo"], "goal": "triple"})],
    ),
    Story("qbr-skipped", [COO], ("2026-04-07", "2026-04-08"), ended_by="hold-review", saying={"theirs": ["coo"]}),
    Story(
        "qbr-skipped",
        [SCHEDULED],
        ("2026-02-03", "2026-02-03"),
        loud=[CANCELLED],
        ended_by="schedule-review",
        saying={"planned_on": "2026-03-10"},
    ),
    Story(
        "qbr-skipped",  # it takes place earlier
        [SCHEDULED, CANCELLED],
        ("2026-02-03", "2026-02-03"),
        quiet=[("2026-02-03", "schedule-review", {"id": "Q2", "kind": "qbr", "planned_on": "2026-02-20"})],
        loud=[("2026-02-01", "schedule-review", {"id": "Q2", "kind": "qbr", "planned_on": "2026-02-01"})],
    ),
    Story(
        "qbr-without-commitments",
        [COO, qbr("Q1", "2026-02-01")],
        quiet=[action("a", "2026-02-01", kind="joint", review="Q1")],
        ended_by="add-action",
        saying={"statement": "Share the forecast of line B", "owner": "ann", "due_on": "2026-12-31"},
    ),
    Story(
        "qbr-without-executives",
        [COO, person("p"), member("executive_sponsor")],
        quiet=[qbr("Q1", "2026-02-01", ours=("ann", "eve"))],
        loud=[qbr("Q1", "2026-02-01")],
    ),
    Story(
        "qbr-without-executives",
        [COO, person("p"), member("executive_sponsor")],
        quiet=[qbr("Q1", "2026-02-01", ours=("eve",))],
        loud=[qbr("Q1", "2026-02-01", ("p",), ours=("eve",))],
    ),
    Story(
        "qbr-without-executives",  # whoever left since was there
        [COO, person("p"), member("executive_sponsor"), COO_LEFT, EVE_RELEASED],
        quiet=[qbr("Q1", "2026-02-01", ours=("eve",))],
        loud=[qbr("Q1", "2026-02-01", ("p",), ours=("eve",))],
    ),
    Story(
        "qbr-without-executives",
        [COO, person("p"), member("executive_sponsor"), qbr("Q1", "2026-02-01", ("p",), ours=("eve",))],
        quiet=[("2026-02-02", "correct-review", {"id": "Q1", "theirs": ["coo"], "reason": "The COO was there"})],
    ),
    Story(
        "qbr-without-executives",
        [COO, ("2026-01-05", "assign-member", SENIOR), member("sales_engineer", "ben")],
        quiet=[qbr("Q1", "2026-02-01", ours=("zoe",))],
        loud=[qbr("Q1", "2026-02-01", ours=("ben",))],
    ),
    Story(
        "qbr-metrics-without-goal",
        [SCHEDULED],
        ("2026-03-01", "2026-03-01"),
        quiet=[pack("2026-02-20", goal="20 %")],
        loud=[pack("2026-02-20")],
        ended_by="circulate-pack",
        saying={"metrics": [{"name": "Rework", "goal": "20 %"}]},
    ),
    Story("pack-late", [SCHEDULED], quiet=[pack("2026-03-08")], loud=[pack("2026-03-09")]),
    Story("pack-late", [SCHEDULED], ("2026-03-08", "2026-03-09")),
    Story(
        "executive-meeting-is-qbr",
        [COO, qbr("Q1", "2026-02-01", topics=["Rework", "Line B"])],
        quiet=[touch("2026-03-01", "coo", kind="executive_meeting", topics=["Line B"])],
        loud=[touch("2026-03-01", "coo", kind="executive_meeting", topics=["line b", "Rework"])],
    ),
    Story(
        "executive-meeting-is-qbr",  # that of the last one before it
        [COO, qbr("Q0", "2026-01-12", topics=["Prices"]), qbr("Q1", "2026-02-01", topics=["Rework", "Line B"])],
        quiet=[touch("2026-03-01", "coo", kind="executive_meeting", topics=["Prices"])],
        loud=[touch("2026-03-01", "coo", kind="executive_meeting", topics=["Rework", "Line B"])],
    ),
    Story(
        "executive-meeting-is-qbr",
        [
            COO,
            qbr("Q1", "2026-02-01", topics=["Prices"]),
            review("M1", "2026-02-15", topics=["Rework", "Line B"]),
            qbr("Q2", "2026-03-02", topics=["Line B"]),
        ],
        quiet=[touch("2026-03-01", "coo", kind="executive_meeting", topics=["Line B", "Rework"])],
        loud=[touch("2026-03-01", "coo", kind="executive_meeting", topics=["Prices"])],
    ),
    Story(
        "repeated-topics",
        [COO, qbr("Q1", "2026-02-01", topics=["Rework", "Line B"])],
        quiet=[qbr("Q2", "2026-03-01", topics=["Line C"])],
        loud=[qbr("Q2", "2026-03-01", topics=["Line B", "Rework"])],
    ),
    Story(
        "repeated-topics",
        [COO, qbr("Q1", "2026-02-01", topics=["Rework"]), qbr("Q2", "2026-03-01", topics=["Rework"])],
        quiet=[("2026-03-02", "correct-review", {"id": "Q2", "topics": ["Line C"], "reason": "Copied"})],
    ),
    Story(
        "too-few-plays",
        quiet=plays(4),
        loud=plays(3),
        ended_by="plan-play",
        saying={"title": "Tour of line C", "kind": "proof", "due_on": "2026-12-31", "success_measure": "12 came"},
    ),
    Story("too-many-plays", quiet=plays(6), loud=plays(7), ended_by="drop-play", saying={"reason": "Line is sold"}),
    Story("milestones-not-held", quiet=milestones(5, 4), loud=milestones(5, 3), ended_by="hold-date"),
    Story(
        "next-step-missing",
        [
            opportunity(),
            (
                "2026-01-05",
                "set-next-best-action",
                {"id": "deal", "statement": "Send the offer", "owner": "ann", "due_on": "2026-03-20"},
            ),
        ],
        ("2026-03-19", "2026-03-20"),
        ended_by="set-next-best-action",
        saying={"statement": "Call the COO", "due_on": "2026-04-01"},
    ),
    Story(
        "custom-development-open",
        [request()],
        ("2026-01-31", "2026-02-01"),
        ended_by="answer-request",
        saying={"decision": "accepted", "member": "pat"},
    ),
    Story(
        "custom-development-open",  # a month ago there was as much
        [],
        ("2026-03-04", "2026-03-04"),
        quiet=[request("2026-02-01")],
        loud=[request("2026-02-02")],
    ),
    Story(
        "custom-development-open",  # what was answered a month ago was not open then
        [
            request("2026-01-10"),
            ("2026-02-01", "answer-request", {"id": "export", "decision": "accepted", "member": "pat"}),
            request("2026-02-20", id="import", statement="Import of the MES"),
        ],
        ("2026-03-03", "2026-03-04"),
    ),
    Story(
        "request-unanswered",
        [request()],
        ("2026-02-15", "2026-02-16"),
        ended_by="answer-request",
        saying={"decision": "planned", "member": "pat"},
    ),
    Story("trigger-ignored", [MERGER], ("2026-02-15", "2026-02-16"), ended_by="confirm-section"),
    Story(
        "trigger-ignored",
        [MERGER],
        quiet=[("2026-02-03", "confirm-section", {"section": "risks"})],
        loud=[("2026-02-03", "confirm-section", {"section": "vision"})],
    ),
    Story(
        "trigger-ignored",
        [MERGER],
        quiet=[("2026-02-16", "confirm-section", {"section": "risks"})],
        loud=[("2026-02-17", "confirm-section", {"section": "risks"})],
    ),
    Story(
        "trigger-ignored",
        [MERGER, ("2026-02-17", "confirm-section", {"section": "risks"})],
        quiet=[review("R1", "2026-02-18")],
    ),
    Story("trigger-ignored", [MERGER], quiet=[corrected_news("launch")], loud=[corrected_news("leadership_change")]),
    Story(
        "trigger-ignored",  # known as a merger only since it was corrected
        [("2026-02-02", "note-news", NEWS | {"kind": "launch"}), corrected_news("merger", "2026-02-03")],
        ("2026-02-16", "2026-02-17"),
        ended_by="confirm-section",
    ),
    Story(
        "trigger-ignored",
        [person("p", roles=["economic_buyer"])],
        quiet=[("2026-01-06", "correct-stakeholder", {"id": "p", "roles": ["user"], "reason": "Mistyped"})],
    ),
    Story(
        "trigger-ignored",  # the plan was brought up to date for the first, and not for the second
        [
            MERGER,
            ("2026-02-03", "confirm-section", {"section": "risks"}),
            ("2026-03-01", "note-news", NEWS | {"id": "second", "kind": "merger"}),
        ],
        ("2026-03-14", "2026-03-15"),
        ended_by="confirm-section",
    ),
    Story(
        "plan-for-the-review",
        quiet=[*notes("2026-01-06", 2), *notes("2026-02-01", 7), review("R1", "2026-02-02")],
        loud=[*notes("2026-01-06", 1), *notes("2026-02-01", 8), review("R1", "2026-02-02")],
    ),
    Story(
        "goal-without-pipeline",
        [goal()],
        quiet=[opportunity(goal="triple")],
        ended_by="open-opportunity",
        saying={"name": "Line C", "amount": "90000", "stage": "discovery", "close_on": "2026-12-31"},
    ),
    Story(
        "goal-without-pipeline",
        [goal(), goal("logo"), opportunity(), opportunity("next")],
        quiet=[opportunity("other", goal="triple"), opportunity("another", goal="logo")],
    ),
    Story(
        "opportunity-without-goal",
        [goal()],
        quiet=[opportunity(goal="triple")],
        loud=[opportunity()],
        ended_by="relink-opportunity",
    ),
    Story(
        "advisory-board-unlinked",
        [goal()],
        quiet=[request(**BOARD, goal="triple")],
        loud=[request(**BOARD)],
    ),
    Story(
        "marketing-absent",
        quiet=[member("marketing")],
        ended_by="raise-request",
        saying={"kind": "case_study", "statement": "Film line B"},
    ),
    Story(
        "empty-section",
        [("2026-01-06", "state-vision", {"horizon_on": "2029-01-01", "statement": "Every plant"})],
        loud=[("2026-01-07", "withdraw-vision", {"reason": "Of another account"})],
        numbers={"sections": {"vision": {"strategic": 366}}},
    ),
    Story(
        "empty-section",
        quiet=[("2026-01-06", "state-vision", {"horizon_on": "2029-01-01", "statement": "Every plant"})],
        loud=[("2026-01-06", "confirm-section", {"section": "vision"})],
        numbers={"sections": {"vision": {"strategic": 366}}},
        ended_by="write-note",
        saying={"text": "Every plant runs the hub"},
    ),
    Story(
        "buying-centers",
        [unit("b"), unit("c")],
        quiet=[unit("a")],
        loud=[unit("a", buying_center=False)],
        ended_by="add-unit",
        saying={"name": "Plant D", "kind": "site"},
    ),
    Story(
        "buying-centers",
        [
            unit("a"),
            offering("o0"),
            offering("o1"),
            (
                "2026-01-05",
                "set-contract",
                {"arr": "100000", "starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": ["Hub"]},
            ),
        ],
        quiet=[cell("o0", arr_potential="200000")],
        loud=[cell("o0", arr_potential="199999")],
    ),
    Story(
        "demotion-due",
        [opportunity(when="2024-01-05"), ("2024-02-01", "win-opportunity", WON)],
        ("2026-02-01", "2026-02-02"),
        opened_on="2024-01-05",
        ended_by="change-tier",
        saying={"reason": "Two years without a win"},
    ),
    Story(
        "demotion-due",  # after the latest win, in whatever order they were opened
        [
            opportunity(when="2024-01-05"),
            opportunity("second", when="2024-01-06"),
            ("2024-02-01", "win-opportunity", WON),
            ("2024-06-01", "win-opportunity", WON | {"id": "second", "won_on": "2024-06-01"}),
        ],
        ("2026-06-01", "2026-06-02"),
        opened_on="2024-01-05",
    ),
    Story(
        "rank-only",
        quiet=[("2026-01-06", "score-account", {"criteria": {"top_arr": 3, "logo": 1}})],
        loud=[("2026-01-06", "score-account", {"criteria": {"top_arr": 3, "logo": 0}})],
        ended_by="score-account",
        saying={"criteria": {"whitespace": 2}},
    ),
    Story("rank-only", quiet=[("2026-01-06", "score-account", {"criteria": {"trajectory": 1}})]),
]


def in_order(*lines: Sequence[Line]) -> Iterator[Line]:
    """By their days; on one day as they were told."""
    yield from sorted((line for some in lines for line in some), key=lambda line: line[0])
