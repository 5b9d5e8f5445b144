"""The columns for each kind of thing on the page of a plan, in order. The first column names the thing."""

from collections.abc import Mapping, Sequence

COLUMNS: Mapping[str, Sequence[str]] = {
    "plan": ("account_name", "tier", "owner", "segment", "territory", "currency", "timezone", "opened_on"),
    "exception": ("rule", "until_on"),
    "cycle": ("kind", "starts_on", "ends_on"),
    "summary": ("relevance", "why_now", "goal_sentence", "challenges", "addressable_spend", "growth_path"),
    "note": ("heading", "text"),
    "document": ("title", "kind", "url"),
    "overview": (
        "industry", "industry_context", "business", "customers", "employees", "annual_revenue", "market_position",
        "strategic_priorities", "initiatives", "tech_stack", "key_products", "our_fit", "why_us", "decision_process",
        "change_drivers", "icp_fit", "trajectory",
    ),
    "unit": ("name", "kind", "parent", "buying_center"),
    "news": ("summary", "kind", "happened_on", "source_url"),
    "referral": ("to_account", "happened_on", "amount"),
    "contract": ("arr", "starts_on", "renews_on", "products", "terms", "net_retention"),
    "health": (
        "health", "score", "arr", "nrr", "expansion_arr", "adoption", "usage", "engagement", "nps", "csat",
        "open_tickets", "p1_incidents", "executive_perception", "executive_air_cover", "open_issues",
        "success_metrics", "as_of_on",
    ),
    "stakeholder": ("name", "title", "roles", "attitude", "strength", "power", "unit", "reports_to", "level"),
    "influence": ("influencer", "influenced"),
    "objection": ("statement", "stakeholder", "settled", "how"),
    "pairing": ("member", "stakeholder", "every_days"),
    "touch": ("summary", "kind", "happened_on", "stakeholders", "members", "topics"),
    "offering": ("name", "kind"),
    "cell": ("offering", "unit", "penetration", "incumbent", "arr_potential", "probability", "bet", "timing"),
    "opportunity": ("name", "stage", "amount", "probability", "close_on", "source", "engaged", "next_best_action"),
    "vision": ("statement", "horizon_on", "investments"),
    "priorities": ("quarter", "statements"),
    "goal": ("statement", "kind", "measure", "baseline", "target", "due_on", "owner", "state"),
    "hypothesis": ("outcome", "metric", "baseline", "expected", "proof", "quality", "state"),
    "competitor": ("name", "position", "entrenched_in", "displacement_angle", "traps_to_set"),
    "risk": ("statement", "kind", "likelihood", "impact", "arr_exposed", "owner", "mitigations"),
    "play": ("title", "kind", "state", "owner", "due_on", "success_measure", "stakeholders"),
    "action": ("statement", "kind", "state", "owner", "due_on", "side", "result"),
    "request": ("statement", "function", "kind", "owner", "due_on", "state"),
    "member": ("person", "role", "from_on", "until_on", "coverage"),
    "alignment": ("members",),
    "review": ("kind", "state", "planned_on", "held_on", "audience", "ours", "theirs", "decisions"),
}  # fmt: skip

AMOUNT_OF_PLAN = frozenset(
    {"arr", "amount", "arr_potential", "arr_exposed", "expansion_arr", "addressable_spend", "annual_revenue"}
)
"""Fields with an amount in the currency of the plan."""
