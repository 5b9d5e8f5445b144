"""The table of the rules, committed as `docs/findings.md`.

`python -m tests.findings_table` writes it.
"""

from pathlib import Path

from application.findings.program import PROGRAM_RULES
from application.findings.registry import RULES

TABLE = Path(__file__).parents[1] / "docs" / "findings.md"

ABOUT = """# Findings

What is wrong with a plan at any cut: `GET /v1/plans/{plan}/findings?as_of=` and `plantrail findings PLAN`. Each finding
says how loud it is, since when it is so, in which things and events it is seen, by which version of the policy, and
which commands would end it. `missing` names the fields that only who sends a command can fill in. A plan may be excused
from a rule until a day (`grant-exception`, `revoke-exception`): then `excused` says by whom, until when and why.

What is wrong with the program itself: `GET /v1/program/findings`.

What is wrong with all plans as they stand: `GET /v1/findings` and `plantrail findings`, the loudest first, what is
excused last, filtered by rule, severity, owner, tier and `since`. A table keeps it: a plan is judged anew after its
events, after a policy was adopted, and on days on which its verdict may change.

What became of them in a month: the month report (`GET /v1/reports/said-vs-did?month=`, `plantrail report month`) says
for each rule how many opened, ended and are still there, in all plans and in each, and tells the loudest that opened.
They are the findings at the cut before the month and at its last day, told apart by `rule` and `about`. Three rules
read words (vague-promise, executive-meeting-is-qbr, repeated-topics): words may be forgotten, and a month says the same
for ever, so it leaves those out.

The numbers in `code` are the policy's: those in force at the cut, which a policy adopted later never changes. A policy
may make a rule louder or quieter, or turn it off (`findings`). *Plans with duties* are those of tiers for which the
policy says how old a section may be. An archived plan has no findings.

This table is made from the registry: `python -m tests.findings_table`.

| rule | severity | about | is found when | because |
|---|---|---|---|---|
"""


def table() -> str:
    rows = (
        f"| {name} | {rule.severity} | {rule.scope} | {rule.finds} | {rule.seed} |\n" for name, rule in RULES.items()
    )
    of_program = (
        f"| {name} | {rule.severity} | the program | {rule.finds} | {rule.seed} |\n"
        for name, rule in PROGRAM_RULES.items()
    )
    return ABOUT + "".join((*rows, *of_program))


if __name__ == "__main__":
    TABLE.write_text(table(), "utf-8")
