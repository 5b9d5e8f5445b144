"""The table of the rules, committed as `docs/findings.md`.

`python -m tests.findings_table` writes it.
"""

from pathlib import Path

from application.findings.program import PROGRAM_RULES
from application.findings.registry import RULES

TABLE = Path(__file__).parents[1] / "docs" / "findings.md"

ABOUT = """# Findings

`GET /v1/plans/{plan}/findings?as_of=` and `plantrail findings PLAN` say what is wrong with a plan at any cut. Each
finding says how severe it is, since when it holds, which things and events show it, which version of the policy judges,
and which commands would end it. `missing` names the fields of a command that its sender has to fill in. A plan may be
excused from a rule until a day (`grant-exception`, `revoke-exception`): then `excused` says by whom, until when and
why.

`GET /v1/program/findings` says what is wrong with the program itself.

`GET /v1/findings` and `plantrail findings` list the findings of all plans as they stand now: the most severe first,
excused ones last, filtered by rule, severity, owner, tier and `since`. A table stores them. A plan is judged again
after its events, after a policy was adopted, and on days on which its verdict may change.

The month report (`GET /v1/reports/said-vs-did?month=`, `plantrail report month`) says for each rule how many findings
opened, ended and remained in the month, in all plans and in each, and lists the most severe ones that opened. It
compares the findings at the cut before the month with those at its last day. `rule` and `about` identify a finding.
Three rules judge text (vague-promise, executive-meeting-is-qbr, repeated-topics). Text may be forgotten later, and the
report of a past month must not change, so it leaves these rules out.

The numbers in `code` are those of the policy in force at the cut; a policy that is adopted later never changes an
earlier verdict. A policy may make a rule more or less severe, or turn it off (`findings`). *Plans with duties* are
those of tiers for which the policy limits the age of sections. An archived plan has no findings.

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
