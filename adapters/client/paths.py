"""The path of a plan in the service, for everybody who asks for it by name."""

from urllib.parse import quote


def plan_path(plan: str, view: str = "") -> str:
    """Return the path of a plan, or of a view of it such as `/history`, whatever the plan is called. Points alone would
    lead to another folder."""
    named = quote(plan, safe="")
    return f"/v1/plans/{named if named.strip('.') else named.replace('.', '%2E')}{view}"
