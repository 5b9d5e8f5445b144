"""One history that contains every command of the domain and everything that a plan may contain."""

from functools import cache
from typing import Any

from tests.histories import History, opened
from tests.mended import MENDED

PLAY = {"kind": "proof", "owner": "ann", "success_measure": "Rework down 25 % on line B"}
ACTION = {"kind": "task", "owner": "ann"}
RISK = {"kind": "low_adoption", "likelihood": 3, "impact": 4, "owner": "ann"}
GOAL = {"kind": "revenue", "measure": "ARR", "unit": "EUR", "baseline": "0", "target": "300000", "owner": "ann"}
HYPOTHESIS = {"outcome": "Less rework", "metric": "hours a week", "unit": "hours", "expected": "25"}
OPPORTUNITY = {"amount": "90000", "stage": "discovery", "close_on": "2026-06-30", "source": "plan"}

ENTERED_TWICE = "acme-entered-twice"
"""The account of another plan, which is merged into this one."""

Line = tuple[str, str, dict[str, Any]]
"""The day, the command and its body."""

TOLD: list[Line] = [
    ("2026-01-06", "correct-plan", {"segment": "enterprise", "territory": "DACH", "reason": "Was left out"}),
    ("2026-01-06", "rename-account", {"account_name": "Acme Group"}),
    ("2026-01-06", "change-tier", {"tier": "growth", "decided_by": ["eve"], "reason": "Round of January"}),
    ("2026-01-06", "change-tier", {"tier": "strategic", "reason": "Taken back"}),
    ("2026-01-06", "confirm-tier", {"round": "2026", "decided_by": ["eve"], "reason": "It stays"}),
    ("2026-01-06", "score-account", {"round": "2026", "criteria": {"logo": 3, "top_arr": 1}}),
    ("2026-01-06", "reassign-plan", {"owner": "ben", "reason": "Ann is away"}),
    ("2026-01-06", "begin-cycle", {"id": "c26", "kind": "annual", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}),
    ("2026-01-06", "write-summary", {"relevance": "Largest plant", "addressable_spend": "900000"}),
    ("2026-01-06", "write-note", {"id": "n-risk", "section": "risks", "text": "Budget talks in May"}),
    ("2026-01-06", "write-note", {"id": "n-plan", "section": "plan", "heading": "Start", "text": "First draft"}),
    ("2026-01-06", "attach-document", {"id": "roi", "kind": "roi_model", "title": "ROI", "url": "https://example.com"}),
    (
        "2026-01-06",
        "grant-exception",
        {"rule": "marketing-absent", "until_on": "2026-06-30", "reason": "Marketing is hired in June"},
    ),
    ("2026-01-06", "revoke-exception", {"rule": "marketing-absent", "reason": "Joy is there"}),
    ("2026-01-07", "describe-account", {"industry": "Machines", "employees": 900, "key_products": ["Presses"]}),
    ("2026-01-07", "add-unit", {"id": "plant", "name": "Plant", "kind": "site", "buying_center": True}),
    ("2026-01-07", "add-unit", {"id": "line", "name": "L", "kind": "team", "buying_center": False, "parent": "plant"}),
    ("2026-01-07", "rename-unit", {"id": "line", "name": "Line B"}),
    ("2026-01-07", "remove-unit", {"id": "line"}),
    ("2026-01-07", "note-news", {"id": "n1", "kind": "merger", "happened_on": "2026-01-07", "summary": "Bought Beta"}),
    ("2026-01-07", "note-referral", {"id": "r1", "to_account": "Beta", "happened_on": "2026-01-07"}),
    (
        "2026-01-08",
        "set-contract",
        {"arr": "100000", "starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": ["Hub"]},
    ),
    (
        "2026-01-08",
        "renew-contract",
        {"arr": "120000", "net_retention": "1.2", "starts_on": "2026-01-01", "renews_on": "2027-12-31"},
    ),
    ("2026-01-08", "record-health", {"as_of_on": "2026-01-08", "arr": "120000", "health": "amber", "nps": "20"}),
    ("2026-01-09", "add-stakeholder", {"id": "coo", "name": "Jane Doe", "level": "executive", "unit": "plant"}),
    (
        "2026-01-09",
        "add-stakeholder",
        {"id": "lead", "name": "Max Roe", "title": "Line lead", "level": "execution", "motivators": ["Quiet nights"]},
    ),
    ("2026-01-09", "add-stakeholder", {"id": "buyer", "title": "Head of Procurement", "level": "management"}),
    ("2026-01-09", "add-stakeholder", {"id": "gone", "name": "Tim Poe", "level": "execution"}),
    ("2026-01-09", "correct-stakeholder", {"id": "lead", "email": "max@example.com", "reports_to": "coo"}),
    ("2026-01-09", "move-stakeholder", {"id": "lead", "title": "Plant lead", "moved_on": "2026-01-09"}),
    ("2026-01-09", "assign-roles", {"id": "coo", "roles": ["decision_maker", "executive_sponsor"]}),
    ("2026-01-09", "change-sentiment", {"id": "coo", "attitude": 1, "evidence": "Asked for the pilot"}),
    ("2026-01-09", "rate-power", {"id": "coo", "power": 5}),
    ("2026-01-09", "rate-relationship", {"id": "coo", "member": "ann", "strength": 2}),
    ("2026-01-09", "draw-influence", {"influencer": "lead", "influenced": "coo"}),
    ("2026-01-09", "draw-influence", {"influencer": "coo", "influenced": "lead"}),
    ("2026-01-09", "erase-influence", {"influencer": "coo", "influenced": "lead"}),
    ("2026-01-09", "note-objection", {"id": "o1", "stakeholder": "coo", "statement": "Too dear"}),
    ("2026-01-09", "settle-objection", {"id": "o1", "how": "Saw the business case"}),
    ("2026-01-09", "agree-pairing", {"member": "eve", "stakeholder": "coo", "every_days": 30}),
    ("2026-01-09", "end-pairing", {"member": "eve", "stakeholder": "coo"}),
    ("2026-01-09", "verify-stakeholder", {"id": "lead", "email_status": "verified"}),
    ("2026-01-09", "record-departure", {"id": "lead", "left_on": "2026-01-09"}),
    ("2026-01-09", "return-stakeholder", {"id": "lead", "returned_on": "2026-01-09", "reason": "Had not left"}),
    (
        "2026-01-09",
        "log-touch",
        {"id": "t1", "happened_on": "2026-01-09", "kind": "call", "stakeholders": ["coo"], "members": ["ann"]},
    ),
    ("2026-01-12", "list-offering", {"id": "hub", "name": "Hub", "kind": "product"}),
    ("2026-01-12", "list-offering", {"id": "old", "name": "Old hub", "kind": "product"}),
    ("2026-01-12", "retire-offering", {"id": "old"}),
    ("2026-01-12", "identify-competitor", {"id": "globex", "name": "Globex", "entrenched_in": ["plant"]}),
    ("2026-01-12", "reassess-competitor", {"id": "globex", "position": "challenging"}),
    (
        "2026-01-12",
        "assess-cell",
        {"unit": "plant", "offering": "hub", "penetration": "pilot", "incumbent": "globex", "arr_potential": "50000"},
    ),
    ("2026-01-13", "state-vision", {"horizon_on": "2029-01-01", "statement": "Every plant in the group runs the hub"}),
    ("2026-01-13", "set-priorities", {"quarter": "2026-Q1", "statements": ["Win line B"]}),
    ("2026-01-13", "set-goal", {"id": "triple", "statement": "Triple ARR by 2027", "due_on": "2026-12-31", **GOAL}),
    ("2026-01-13", "revise-goal", {"id": "triple", "target": "360000", "reason": "Second line"}),
    ("2026-01-13", "report-progress", {"id": "triple", "value": "120000", "as_of_on": "2026-01-13"}),
    ("2026-01-13", "achieve-goal", {"id": "triple", "achieved_on": "2026-01-13"}),
    ("2026-01-13", "reopen-goal", {"id": "triple", "reason": "Misread"}),
    ("2026-01-13", "set-goal", {"id": "logo", "statement": "Be named by Acme", "due_on": "2026-12-31", **GOAL}),
    ("2026-01-13", "abandon-goal", {"id": "logo", "reason": "No press"}),
    ("2026-01-14", "propose-hypothesis", {"id": "rework", **HYPOTHESIS}),
    ("2026-01-14", "revise-hypothesis", {"id": "rework", "expected": "30"}),
    ("2026-01-14", "rate-hypothesis", {"id": "rework", "quality": 4}),
    ("2026-01-14", "record-evidence", {"id": "rework", "observed": "27", "supports": True}),
    ("2026-01-14", "confirm-hypothesis", {"id": "rework", "observed": "27"}),
    ("2026-01-14", "reopen-hypothesis", {"id": "rework", "reason": "Second line differs"}),
    ("2026-01-14", "propose-hypothesis", {"id": "scrap", **HYPOTHESIS}),
    ("2026-01-14", "refute-hypothesis", {"id": "scrap", "observed": "0"}),
    ("2026-01-15", "open-opportunity", {"id": "deal", "name": "Line B", "goal": "triple", **OPPORTUNITY}),
    ("2026-01-15", "advance-opportunity", {"id": "deal", "stage": "proposal"}),
    ("2026-01-15", "reforecast-opportunity", {"id": "deal", "probability": "0.5"}),
    ("2026-01-15", "engage-stakeholders", {"id": "deal", "stakeholders": ["coo", "lead"]}),
    ("2026-01-15", "disengage-stakeholders", {"id": "deal", "stakeholders": ["lead"]}),
    (
        "2026-01-15",
        "set-next-best-action",
        {"id": "deal", "statement": "Send the offer to the COO", "owner": "ann", "due_on": "2026-01-30"},
    ),
    ("2026-01-15", "relink-opportunity", {"id": "deal", "unit": "plant", "offering": "hub"}),
    ("2026-01-15", "win-opportunity", {"id": "deal", "won_on": "2026-01-15", "amount": "80000"}),
    ("2026-01-15", "reopen-opportunity", {"id": "deal", "reason": "Not signed"}),
    ("2026-01-15", "open-opportunity", {"id": "lost", "name": "Line C", **OPPORTUNITY}),
    (
        "2026-01-15",
        "lose-opportunity",
        {"id": "lost", "lost_on": "2026-01-15", "competitor": "globex", "reason": "Price"},
    ),
    ("2026-01-16", "raise-risk", {"id": "use", "statement": "Night shift does not use it", **RISK}),
    ("2026-01-16", "reassess-risk", {"id": "use", "likelihood": 4}),
    ("2026-01-16", "restate-risk", {"id": "use", "statement": "Nobody uses it at night"}),
    ("2026-01-16", "reassign-risk", {"id": "use", "owner": "ben"}),
    ("2026-01-16", "plan-mitigation", {"id": "use", "statement": "Train both shifts on line B"}),
    ("2026-01-16", "close-risk", {"id": "use", "outcome": "averted", "closed_on": "2026-01-16"}),
    ("2026-01-16", "reopen-risk", {"id": "use", "reason": "Back again"}),
    ("2026-01-19", "schedule-review", {"id": "R1", "kind": "monthly", "planned_on": "2026-01-26", "ours": ["ann"]}),
    ("2026-01-19", "schedule-review", {"id": "R0", "kind": "qbr", "planned_on": "2026-01-30"}),
    ("2026-01-19", "circulate-pack", {"id": "R1", "circulated_on": "2026-01-19", "metrics": [{"name": "ARR"}]}),
    ("2026-01-19", "cancel-review", {"id": "R0", "reason": "COO is ill"}),
    ("2026-01-20", "plan-play", {"id": "pilot", "title": "Pilot on line B", "due_on": "2026-03-31", **PLAY}),
    ("2026-01-20", "start-play", {"id": "pilot"}),
    ("2026-01-20", "block-play", {"id": "pilot", "reason": "Plant is closed"}),
    ("2026-01-20", "unblock-play", {"id": "pilot"}),
    ("2026-01-20", "reschedule-play", {"id": "pilot", "due_on": "2026-04-15"}),
    ("2026-01-20", "reassign-play", {"id": "pilot", "owner": "ben"}),
    ("2026-01-20", "restate-play", {"id": "pilot", "target": "25 %"}),
    ("2026-01-20", "relink-play", {"id": "pilot", "goal": "triple", "stakeholders": ["lead"], "competitor": "globex"}),
    ("2026-01-20", "win-play", {"id": "pilot", "finished_on": "2026-01-20", "result": "27 %"}),
    ("2026-01-20", "reopen-play", {"id": "pilot", "reason": "Wrong line"}),
    ("2026-01-20", "plan-play", {"id": "lost", "title": "Tour of line C", "due_on": "2026-03-31", **PLAY}),
    ("2026-01-20", "lose-play", {"id": "lost", "finished_on": "2026-01-20", "result": "Nobody came"}),
    ("2026-01-20", "plan-play", {"id": "dropped", "title": "Tour of line D", "due_on": "2026-03-31", **PLAY}),
    ("2026-01-20", "drop-play", {"id": "dropped", "reason": "Line is sold"}),
    (
        "2026-01-21",
        "add-action",
        {"id": "sow", "statement": "Send the SOW to the COO", "due_on": "2026-02-02", "play": "pilot", **ACTION},
    ),
    ("2026-01-21", "reschedule-action", {"id": "sow", "due_on": "2026-02-09", "reason": "COO is ill"}),
    ("2026-01-21", "reassign-action", {"id": "sow", "owner": "ben"}),
    ("2026-01-21", "restate-action", {"id": "sow", "expected": "Signed"}),
    ("2026-01-21", "relink-action", {"id": "sow", "risk": "use", "stakeholders": ["coo"]}),
    ("2026-01-21", "acknowledge-action", {"id": "sow", "stakeholder": "coo", "acknowledged_on": "2026-01-21"}),
    ("2026-01-21", "complete-action", {"id": "sow", "finished_on": "2026-01-21", "result": "Sent"}),
    ("2026-01-21", "reopen-action", {"id": "sow", "reason": "Wrong version"}),
    (
        "2026-01-21",
        "add-action",
        {"id": "kick-off", "statement": "Kick-off", "due_on": "2026-02-02", **ACTION | {"kind": "milestone"}},
    ),
    ("2026-01-21", "hold-date", {"id": "kick-off"}),
    ("2026-01-21", "drop-action", {"id": "kick-off", "reason": "By video"}),
    (
        "2026-01-22",
        "raise-request",
        {"id": "case", "function": "marketing", "kind": "case_study", "statement": "Case of line B", "owner": "ann"},
    ),
    ("2026-01-22", "reassign-request", {"id": "case", "owner": "ben"}),
    ("2026-01-22", "answer-request", {"id": "case", "decision": "planned", "member": "joy"}),
    ("2026-01-22", "deliver-request", {"id": "case", "delivered_on": "2026-01-22"}),
    ("2026-01-23", "assign-member", {"person": "ben", "role": "customer_success", "from_on": "2026-01-01"}),
    ("2026-01-23", "assign-member", {"person": "joy", "role": "marketing", "from_on": "2026-01-01"}),
    ("2026-01-23", "release-member", {"person": "joy", "role": "marketing", "until_on": "2026-01-23"}),
    ("2026-01-23", "align-team", {"members": ["ann", "ben"], "goal": "triple"}),
    ("2026-01-23", "confirm-section", {"section": "vision"}),
    (
        "2026-01-26",
        "hold-review",
        {
            "id": "R1",
            "kind": "monthly",
            "audience": "internal",
            "held_on": "2026-01-26",
            "ours": ["ann", "ben"],
            "decisions": ["Pilot goes on"],
        },
    ),
    (
        "2026-01-27",
        "log-touch",
        {"id": "t2", "happened_on": "2026-01-27", "kind": "email", "stakeholders": ["buyer"], "members": ["ann"]},
    ),
]
AFTERWARDS: list[Line] = [
    ("2026-01-27", "place-hold", {"reason": "Lawsuit"}),
    ("2026-01-27", "release-hold", {"reason": "Settled"}),
    ("2026-01-27", "forget-stakeholder", {"id": "gone"}),
    ("2026-01-28", "alias-account", {"account_id": "crm-7-acme"}),
    ("2026-01-28", "merge-plan", {"account_id": ENTERED_TWICE, "reason": "It is the same company"}),
    ("2026-01-28", "archive-plan", {"reason": "Account sold"}),
    ("2026-01-28", "reopen-plan", {"reason": "Sale fell through"}),
]


def version_of(command: str, id: str) -> int:
    """Return the version of the event that a command of `TOLD` made. Each makes one, after the opening of the plan."""
    return next(place for place, (_, name, body) in enumerate(TOLD, 2) if (name, body.get("id")) == (command, id))


STRUCK: Line = (
    "2026-01-27",
    "strike-entry",
    {"event": f"acme:{version_of('log-touch', 't2')}", "reason": "Wrong account"},
)
MISTAKES: list[Line] = [("2026-01-27", command, body) for command, body in MENDED]
SAID = [*TOLD, STRUCK, *MISTAKES, *AFTERWARDS]


def tell_everything() -> History:
    history = opened()
    for when, command, body in SAID:
        history.on(when, command, **body)
    return history


@cache
def everything() -> History:
    """Return the history. It is made once, so tests must not change it."""
    return tell_everything()
