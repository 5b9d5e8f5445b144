"""For every kind, a thing that was entered by mistake, corrected anyway and then withdrawn."""

from typing import Any

Body = dict[str, Any]

WHY = {"reason": "Typed into the wrong row"}
DUE = {"owner": "ann", "due_on": "2026-12-31"}

ENTERED: list[tuple[str, Body]] = [
    ("begin-cycle", {"id": "x", "kind": "quarter", "starts_on": "2026-01-01", "ends_on": "2026-03-31"}),
    ("write-note", {"id": "x", "section": "plan", "text": "Of another account"}),
    ("attach-document", {"id": "x", "kind": "other", "title": "Price list", "url": "https://example.com/x"}),
    ("add-unit", {"id": "x", "name": "Yard", "kind": "site", "buying_center": False}),
    ("note-news", {"id": "x", "kind": "ipo", "happened_on": "2026-01-20", "summary": "Went public"}),
    ("note-referral", {"id": "x", "to_account": "Gamma", "happened_on": "2026-01-20"}),
    ("record-health", {"as_of_on": "2026-01-20", "csat": "4"}),
    ("add-stakeholder", {"id": "x", "title": "Night shift lead", "level": "execution"}),
    ("add-stakeholder", {"id": "y", "title": "Lead of the night shift", "level": "execution"}),
    ("draw-influence", {"influencer": "buyer", "influenced": "x"}),
    ("note-objection", {"id": "x", "stakeholder": "buyer", "statement": "Too loud"}),
    ("settle-objection", {"id": "x", "how": "Came at night"}),
    ("agree-pairing", {"member": "ben", "stakeholder": "buyer", "every_days": 3}),
    (
        "log-touch",
        {"id": "x", "happened_on": "2026-01-20", "kind": "call", "stakeholders": ["buyer"], "members": ["ben"]},
    ),
    ("list-offering", {"id": "x", "name": "Sensor", "kind": "product"}),
    ("assess-cell", {"unit": "x", "offering": "x", "penetration": "aware"}),
    (
        "open-opportunity",
        {"id": "x", "name": "Yard", "amount": "9", "stage": "idea", "close_on": "2026-06-30", "source": "plan"},
    ),
    ("state-vision", {"horizon_on": "2028-01-01", "statement": "Every yard of the group runs the hub"}),
    ("set-priorities", {"quarter": "2026-Q4", "statements": ["Win the yard"]}),
    (
        "set-goal",
        {
            "id": "x",
            "kind": "revenue",
            "statement": "ARR of the yard",
            "measure": "ARR",
            "unit": "EUR",
            "baseline": "0",
            "target": "9",
            **DUE,
        },
    ),
    ("propose-hypothesis", {"id": "x", "outcome": "Less noise", "metric": "dB", "unit": "dB", "expected": "9"}),
    ("confirm-hypothesis", {"id": "x", "observed": "9"}),
    ("identify-competitor", {"id": "x", "name": "Initech"}),
    (
        "raise-risk",
        {"id": "x", "kind": "other", "statement": "Noise of the yard", "likelihood": 1, "impact": 1, "owner": "ann"},
    ),
    ("plan-mitigation", {"id": "x", "statement": "Rubber foot"}),
    ("plan-play", {"id": "x", "title": "Tour of the yard", "kind": "access", "success_measure": "It is quiet", **DUE}),
    ("win-play", {"id": "x", "finished_on": "2026-01-27", "result": "Quiet", "actual": "9 dB", "evidence": "Read"}),
    ("add-action", {"id": "x", "statement": "Call the yard", "kind": "task", **DUE}),
    ("acknowledge-action", {"id": "x", "stakeholder": "buyer", "acknowledged_on": "2026-01-27"}),
    ("complete-action", {"id": "x", "finished_on": "2026-01-27", "result": "Called"}),
    (
        "raise-request",
        {"id": "x", "function": "legal", "kind": "terms", "statement": "Noise clause of the yard", "owner": "ann"},
    ),
    ("answer-request", {"id": "x", "decision": "accepted", "member": "joy"}),
    ("assign-member", {"person": "dan", "role": "finance", "from_on": "2026-01-01"}),
    ("align-team", {"members": ["ann", "dan"], "goal": "x"}),
    ("schedule-review", {"id": "x", "kind": "weekly", "planned_on": "2026-02-02"}),
    ("circulate-pack", {"id": "x", "circulated_on": "2026-01-26", "metrics": [{"name": "Noise"}]}),
    (
        "hold-review",
        {
            "id": "x",
            "kind": "weekly",
            "audience": "internal",
            "held_on": "2026-01-27",
            "ours": ["ann"],
            "topics": ["dB"],
        },
    ),
]

CORRECTED: list[tuple[str, Body]] = [
    ("correct-cycle", {"id": "x", "kind": "ninety_days"}),
    ("correct-note", {"id": "x", "text": "Of the account next door"}),
    ("correct-document", {"id": "x", "title": "Price list 2026"}),
    ("correct-unit", {"id": "x", "kind": "team", "parent": "plant"}),
    ("correct-news", {"id": "x", "kind": "launch"}),
    ("correct-referral", {"id": "x", "amount": "12"}),
    ("correct-health", {"as_of_on": "2026-01-20", "csat": "5"}),
    ("merge-stakeholder", {"id": "y", "into": "x"}),
    ("correct-objection", {"id": "x", "statement": "Too slow"}),
    ("correct-pairing", {"member": "ben", "stakeholder": "buyer", "every_days": 30}),
    ("correct-touch", {"id": "x", "kind": "email"}),
    ("correct-offering", {"id": "x", "name": "Sensors"}),
    ("correct-cell", {"unit": "x", "offering": "x", "probability": "0.2"}),
    ("correct-opportunity", {"id": "x", "amount": "90"}),
    ("correct-vision", {"horizon_on": "2029-06-30"}),
    ("correct-priorities", {"quarter": "2026-Q4", "statements": ["Win the yard in Graz"]}),
    ("correct-goal", {"id": "x", "baseline": "1"}),
    ("correct-alignment", {"goal": "x", "members": ["ann"]}),
    ("correct-hypothesis", {"id": "x", "baseline": "20"}),
    ("correct-competitor", {"id": "x", "name": "Initech Yards"}),
    ("correct-risk", {"id": "x", "impact": 2, "mitigations": ["Rubber feet", "Visit at night"]}),
    ("correct-play", {"id": "x", "owner": "ben"}),
    ("correct-action", {"id": "x", "kind": "milestone", "calendar_hold": True, "acknowledged_on": "2026-01-26"}),
    ("correct-request", {"id": "x", "function": "finance", "decision": "planned"}),
    ("correct-member", {"person": "dan", "role": "finance", "from_on": "2026-01-10"}),
    ("correct-review", {"id": "x", "planned_on": "2026-02-03"}),
    ("correct-summary", {"relevance": "Largest plant of the group"}),
    ("correct-overview", {"employees": 950}),
    ("correct-contract", {"arr": "121000"}),
]

WITHDRAWN: list[tuple[str, Body]] = [
    ("withdraw-alignment", {"goal": "x"}),
    ("withdraw-cell", {"unit": "x", "offering": "x"}),
    ("withdraw-influence", {"influencer": "buyer", "influenced": "x"}),
    ("withdraw-pairing", {"member": "ben", "stakeholder": "buyer"}),
    ("withdraw-member", {"person": "dan", "role": "finance"}),
    ("withdraw-health", {"as_of_on": "2026-01-20"}),
    ("withdraw-priorities", {"quarter": "2026-Q4"}),
    ("withdraw-stakeholder", {"id": "y"}),
    *(
        (f"withdraw-{kind}", {"id": "x"})
        for kind in (
            "cycle note document unit news referral stakeholder objection touch offering opportunity goal hypothesis"
            " competitor risk play action request review"
        ).split()
    ),
    # Of what a plan has one of, what was there before is said again, so that there is everything.
    ("withdraw-vision", {}),
    ("withdraw-summary", {}),
    ("withdraw-overview", {}),
    ("withdraw-contract", {}),
]

SAID_AGAIN: list[tuple[str, Body]] = [
    ("state-vision", {"horizon_on": "2029-01-01", "statement": "Every plant in the group runs the hub"}),
    ("write-summary", {"relevance": "Largest plant", "addressable_spend": "900000"}),
    ("describe-account", {"industry": "Machines", "employees": 900, "key_products": ["Presses"]}),
    ("set-contract", {"arr": "120000", "starts_on": "2026-01-01", "renews_on": "2027-12-31", "products": ["Hub"]}),
]

MENDED = [
    *ENTERED,
    *((command, body | WHY) for command, body in (*CORRECTED, *WITHDRAWN)),
    *SAID_AGAIN,
]
"""The commands, in an order in which nothing refers to a withdrawn thing."""
