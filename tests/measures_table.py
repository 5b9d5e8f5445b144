"""The table of the measures, committed as `docs/measures.md`.

`python -m tests.measures_table` writes it.
"""

from pathlib import Path

from application.measures.registry import MEASURES

TABLE = Path(__file__).parents[1] / "docs" / "measures.md"

ABOUT = """# Measures

Measures are figures of plans in a month: by plan, owner, tier, territory, segment, or in total. `GET
/v1/measures?measure=arr_won&by=owner&from=2026-01` and `plantrail measures --measure arr_won --by owner --from 2026-01`
show them month by month, each with its change from the previous month; both also as comma-separated values.

A plan's month ends with its last day in the plan's time zone. What is recorded later belongs to a later month, whatever
day it is about: a win of 30 March that is recorded on 2 April is a win of April. So the figures of a past month never
change. The current month is judged as of now and marked `provisional`.

- *in the month*: what happened between the end of the previous month and the end of this one.
- *at its end*: the state at the end of the month, without plans that are archived by then.
- *at its end, archived plans too*: the same with archived plans, for figures of what the account pays. A plan that was
  merged into another is left out, because the other plan has these figures.

For several plans, figures are first added and then divided: the share of ten plans is the sum of their parts divided by
the sum of their wholes, and their median is the median of all their numbers together. If the divisor is zero, there is
no value.

Amounts in different currencies are never added: each currency has its own sum. If the program has exchange rates that
were in force at the end of the month, a converted sum of all currencies is shown too, with the rates. A currency
without a rate is left out of it and named.

The numbers in `code` are those of the policy in force at the end of the month. Measures are computed from what is
stored in clear, so forgetting a person changes none of them.

This table is made from the registry: `python -m tests.measures_table`.

| measure | unit | of what | is | told apart by | because |
|---|---|---|---|---|---|
"""


def table() -> str:
    rows = (
        f"| {name} | {each.unit} | {each.span} | {each.definition} | {each.by or ''} | {each.seed} |\n"
        for name, each in MEASURES.items()
    )
    return ABOUT + "".join(rows)


if __name__ == "__main__":
    TABLE.write_text(table(), "utf-8")
