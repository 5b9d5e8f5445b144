"""The table of the measures, committed as `docs/measures.md`.

`python -m tests.measures_table` writes it.
"""

from pathlib import Path

from application.measures.registry import MEASURES

TABLE = Path(__file__).parents[1] / "docs" / "measures.md"

ABOUT = """# Measures

Figures of plans in a month, alone and together: by plan, owner, tier, territory, segment, or in total. `GET
/v1/measures?measure=arr_won&by=owner&from=2026-01` and `plantrail measures --measure arr_won --by owner --from 2026-01`
tell them month by month, each with the change from the month before; both also as comma-separated values.

A plan's month ends with its last day in the plan's time zone. What is recorded later belongs to a later month, whatever
day it is about: a win of 30 March that is recorded on 2 April is a win of April. So a month that is over says the same
for ever. The month under way is judged as of now and marked `provisional`.

- *in the month*: what happened between the end of the month before and this one's.
- *at its end*: how things stand then; plans that are archived by then are left out.
- *at its end, archived plans too*: the same, for what the account pays whether anybody works on its plan or not. A plan
  that was merged into another is left out: the other says what the account pays.

Figures of several plans are added up first and divided last: a share of ten plans is the sum of their parts divided by
the sum of their wholes, and a median is that of all their numbers together. Where there is nothing to divide by, there
is no value.

Amounts in different currencies are never added up: each currency has a sum of its own. Where the program has exchange
rates that were in force at the month's end, a sum of all is told beside, converted, with the rates; where one is
missing it is left out, and the currency is named.

The numbers in `code` are the policy's in force at the month's end. Numbers are reckoned from what is stored in clear,
so forgetting a person changes none of them.

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
