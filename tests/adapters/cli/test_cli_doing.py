"""Commands from the shell, sent to a service that runs elsewhere."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from adapters.cli.doing import check, typed_body
from adapters.cli.errors import Told
from adapters.cli.importing import opened
from adapters.http.command_documentation import EXAMPLES
from domain.account_plan import COMMANDS
from domain.program import PROGRAM
from tests.adapters.cli.test_cli import environment, plantrail, refused, running
from tests.adapters.cli.test_cli_webhooks import answers, free_port
from tests.cases import for_each
from tests.databases import Stores
from tests.stores import wait_until

Service = dict[str, str]
"""The environment in which commands reach it."""


@pytest.fixture(scope="module")
def service(stores: Stores) -> Iterator[Service]:
    """Yield a service in a process of its own, which has a plan and asks for keys."""
    with stores.lend() as where:
        words = ["keys", "create", "--name", "ann", "--role", "editor", "--plans", "all"]
        key = plantrail(*words, **environment(where)).stdout.strip()
        words = ["keys", "create", "--name", "leo", "--role", "lead", "--plans", "all"]
        lead = plantrail(*words, **environment(where)).stdout.strip()
        port = free_port()
        with running("serve", "--port", str(port), "--no-worker", **environment(where)):
            wait_until(lambda: answers(port), 60)
            there = {
                "PLANTRAIL_URL": f"http://127.0.0.1:{port}",
                "PLANTRAIL_KEY": key,
                "LEAD": lead,
                **environment(where),
            }
            words = ["open", "acme", "--name", "Acme", "--owner", "ann", "--tier", "growth", "--currency", "EUR"]
            plantrail(*words, **there)
            yield there


def done(service: Service, *words: str) -> str:
    return plantrail(*words, **service).stdout


def version(service: Service) -> int:
    words = ["do", "acme", "rename-account", "--account-name", "Acme", "--dry-run", "--answer"]
    return int(json.loads(done(service, *words))["version"])


def told(result: Result) -> str:
    """What is said in a box, in one line."""
    return " ".join(result.output.replace("│", " ").split())


def test_a_promise_is_made_moved_and_kept_from_the_shell(service):
    made = done(service, "do", "acme", "add-action", "--id", "call", "--statement", "Call the COO", "--kind", "task",
                "--owner", "ann", "--due-on", "+2w")  # fmt: skip
    assert made == "plantrail.action-added.v2  action call  version 2\n"
    assert "action-rescheduled" in done(service, "move", "acme", "call", "+3w", "--reason", "She is away")
    assert "action-completed" in done(service, "done", "acme", "call", "--result", "She comes to us")
    over = refused("drop", "acme", "call", "--reason", "None left", **service)
    assert over == "The action “call” is done; this can no longer be done."


PILOT = {
    "id": "pilot",
    "title": "Thirty-day pilot",
    "kind": "proof",
    "purpose": "Show it",
    "success_measure": "Rework down 25 %",
    "typical_days": 40,
    "steps": [{"statement": "Agree the measure with the line lead", "kind": "task", "days_in": 0}],
}


def test_what_the_library_has_is_listed_adopted_and_opened_with_and_all_of_it_handed_over(service, tmp_path):
    leading = service | {"PLANTRAIL_KEY": service["LEAD"]}
    done(leading, "program", "do", "open-program", "--name", "Strategic accounts", "--currency", "EUR")
    body = tmp_path / "pilot.json"
    body.write_text(json.dumps(PILOT))
    made = done(leading, "program", "do", "publish-play", "--json", str(body))
    assert made.startswith("plantrail.library-play-published.v1  library-play pilot")
    note = json.dumps({"command": "write-note", "body": {"section": "plan", "text": "What {account_name} is to us"}})
    words = ["--id", "first", "--title", "First month", "--commands", note]
    done(leading, "program", "do", "publish-template", *words)
    listed = done(service, "program", "library")
    assert "Thirty-day pilot pilot" in listed
    assert "First month first" in listed

    words = ["open", "beta", "--name", "Beta", "--owner", "eva", "--tier", "growth", "--currency", "EUR"]
    assert "note-written" in done(service, *words, "--template", "first")
    adopted = done(service, "adopt", "beta", "pilot", "--owner", "eva", "--from", "+1w")
    assert [line.split()[0] for line in adopted.splitlines()] == [
        "plantrail.play-planned.v1",
        "plantrail.action-added.v2",
    ]
    assert "adopt-play" in done(service, "do", "--help")

    words = ["--id", "gold", "--title", "As it should be", "--plan", "beta", "--cut", "now"]
    done(leading, "program", "do", "publish-example", *words)
    example = done(service, "program", "example", "gold")
    assert "What the account is to us" in example
    assert "Beta" not in example
    assert refused("program", "example", "silver", **service).endswith("there are: gold.")

    trial = done(service, "handover", "eva", "ben", "--plan", "beta", "--dry-run")
    assert "3 things would be handed over in 1 plan." in trial
    assert "3 things handed over in 1 plan." in done(service, "handover", "eva", "ben", "--plan", "beta")
    told = plantrail("handover", "eva", "ben", "--plan", "nobody", **service)
    assert "eva owns nothing there." in told.stdout
    assert "There is no plan “nobody” for you." in told.stderr


def test_a_dry_run_says_what_would_come_of_it_and_records_nothing(service):
    before = version(service)
    told = done(service, "do", "acme", "write-note", "--section", "plan", "--text", "Seen", "--dry-run")
    assert told.startswith("would be recorded: plantrail.note-written.v1")
    assert version(service) == before


def test_what_is_wrong_is_named_as_it_was_typed(service):
    assert refused("do", "acme", "add-action", "--statement", "Call", **service) == (
        "--kind is missing. --owner is missing. --due-on is missing."
    )
    assert "Did you mean meet?" in refused_drop(service, "meat")
    assert "did you mean plan-play?" in told(plantrail("do", "acme", "plan-pla", code=2, **service))
    assert refused("do", "nobody", "archive-plan", "--reason", "Sold", **service).startswith("There is no such plan")


def refused_drop(service: Service, id: str) -> str:
    done(service, "do", "acme", "add-action", "--id", "meet", "--statement", "Meet", "--kind", "task", "--owner", "ann",
         "--due-on", "fri")  # fmt: skip
    return refused("drop", "acme", id, "--reason", "None left", **service)


def test_a_body_is_read_from_a_file_and_options_go_over_it(service, tmp_path):
    file = tmp_path / "body.json"
    file.write_text(json.dumps({"section": "plan", "text": "From the file", "id": "n1"}))
    answer = json.loads(done(service, "do", "acme", "write-note", "--json", str(file), "--id", "n2", "--answer"))
    assert answer["id"] == "n2"
    file.write_text("[]")
    assert "object" in refused("do", "acme", "write-note", "--json", str(file), **service)
    file.write_bytes(b'{\n"text": "J\xfcrgen"}')
    said = refused("do", "acme", "write-note", "--json", str(file), **service)
    assert said == f"{file} is not UTF-8: line 2 has the byte 0xFC. Save it as UTF-8."
    file.write_text('{"text": "\\ud83d"}')
    assert "half a sign" in refused("do", "acme", "write-note", "--json", str(file), "--section", "plan", **service)


def test_a_table_of_promises_is_written(service, tmp_path):
    file = tmp_path / "promises.csv"
    done(service, "table", "promises", "-o", str(file))
    assert file.read_text().startswith("plan_id,account_id,account_name,noun,id,")


def test_a_table_may_come_from_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Name\nZo\xeb\n")))
    with opened(Path("-")) as table:
        assert (table.read(), table.seek(0)) == (b"Name\nZo\xeb\n", 0)


def test_a_service_that_is_not_there_is_said_to_be_not_there():
    told = refused("do", "acme", "archive-plan", "--reason", "Sold", PLANTRAIL_URL="http://127.0.0.1:9")
    assert (
        told == "Nobody serves at http://127.0.0.1:9. Start `plantrail serve`, or set PLANTRAIL_URL to where it runs."
    )
    assert "PLANTRAIL_URL must be" in refused(
        "do", "acme", "archive-plan", "--reason", "Sold", PLANTRAIL_URL="plans.example.com"
    )


def test_without_a_key_the_way_to_one_is_told(service):
    anybody = {"PLANTRAIL_URL": service["PLANTRAIL_URL"]}
    asked = refused("do", "acme", "archive-plan", "--reason", "Sold", **anybody)
    assert asked.endswith("PLANTRAIL_KEY names the key; `plantrail keys create` makes one.")
    assert "no key of this service" in refused("drop", "acme", "x", **anybody, PLANTRAIL_KEY="wrong")


ALL = {**COMMANDS, **PROGRAM.commands}


@for_each("command", ALL)
def test_every_command_can_be_typed_as_its_example_says(command):
    """Each field of an example, typed as an option, says what the example says."""
    model, example = ALL[command], EXAMPLES[command]
    read = model.model_validate_json(json.dumps(example))
    for whole in (False, True):  # a list typed option by option, or at once
        typed = {
            name: [json.dumps(value)] if whole and is_of_objects(value) else as_typed(value)
            for name, value in example.items()
        }
        assert model.model_validate_json(json.dumps(typed_body(model, typed))) == read


def is_of_objects(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


def as_typed(value: object) -> object:
    match value:
        case list():
            return [json.dumps(each) if isinstance(each, dict) else each for each in value]
        case dict():
            return json.dumps(value)
        case bool():
            return str(value).lower()
        case _:
            return str(value)


@for_each(
    ("command", "typed", "told"),
    [
        ("set-exchange-rates", {"rates": '{"USD": 0}'}, "--rates “USD” must be more than 0."),
        ("set-exchange-rates", {"rates": '{"USD":'}, "--rates takes a JSON object"),
        (
            "adopt-policy",
            {"policy": '{"plays": {"least": "x"}}'},
            "--policy “plays/least” must be a whole number",
        ),
        ("commit-list", {"entries": ['[{"account": "acme", "tier": "gold"}]']}, "--entries “0/tier” must be one of"),
    ],
)
def test_what_is_wrong_inside_an_option_is_told_with_its_place(command, typed, told):
    with pytest.raises(Told) as refused:
        check(ALL[command], typed_body(ALL[command], typed))
    assert told in str(refused.value)


def test_the_help_of_a_command_is_found_wherever_it_is_asked_for():
    asked = [("do", "--help", "plan-play"), ("do", "plan-play", "--help"), ("do", "acme", "plan-play", "--help")]
    shown = [plantrail(*words, COLUMNS="200").output for words in asked]
    assert all("--success-measure" in each and "Example:" in each for each in shown)
    assert "plan-play" in plantrail("do", "--help").output


def test_commands_fields_and_words_are_completed():
    def completed(line: str) -> str:
        # The runner of typer calls every program root.
        return plantrail(_ROOT_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(line.split()) - 1)).stdout

    assert "plan-play" in completed("plantrail do acme plan-")
    assert "--success-measure" in completed("plantrail do acme plan-play --succ")
    assert "discovery" in completed("plantrail do acme plan-play --kind dis")


def test_a_plan_that_there_is_not_is_told_before_what_is_missing_in_the_command(service):
    said = refused("do", "no-such-plan", "add-action", "--owner", "ann", **service)
    assert said.startswith("There is no such plan.")
    assert said.endswith("--statement is missing. --kind is missing. --due-on is missing.")
    said = refused("do", "acme", "add-action", "--owner", "ann", **service)
    assert said == "--statement is missing. --kind is missing. --due-on is missing."
    nobody = service | {"PLANTRAIL_URL": f"http://127.0.0.1:{free_port()}"}
    assert refused("do", "no-such-plan", "add-action", "--owner", "ann", **nobody) == said


def test_it_says_its_version():
    assert plantrail("--version").stdout.startswith("plantrail 0.")
