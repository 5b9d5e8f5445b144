"""The log contains only fields that are known to hold no text of users, whoever logs."""

import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from adapters.observability import log_format as logs

logger = structlog.get_logger("plantrail.test")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    logs.take_down()


def logged(capsysbinary: pytest.CaptureFixture[bytes]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsysbinary.readouterr().err.splitlines()]


def test_an_entry_is_one_json_line(capsysbinary):
    logs.set_up(as_json=True)
    logger.info("command", command="plan-play", actor="ann", events=1)
    (entry,) = logged(capsysbinary)
    assert {"event", "level", "timestamp", "logger", "command", "actor", "events"} == entry.keys()
    assert (entry["event"], entry["logger"], entry["level"]) == ("command", "plantrail.test", "info")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_field_that_is_not_allowed_does_not_come_out(as_json, capsysbinary):
    logs.set_up(as_json)
    logger.info("command", name="Jane Doe", email="jane@acme.example.com", body={"title": "Jane"}, actor="ann")
    written = capsysbinary.readouterr().err
    assert b"ann" in written
    assert b"Jane" not in written
    assert b"jane@" not in written


def test_an_exception_is_told_by_kind_and_place_without_what_it_says_or_knows(capsysbinary):
    logs.set_up(as_json=True)
    name = "Jane Doe"
    try:
        try:
            int(name)
        except ValueError as error:
            raise RuntimeError(f"{name} again") from error
    except RuntimeError:
        logger.exception("unhandled", request_id="r1")
    (entry,) = logged(capsysbinary)
    assert "Jane" not in json.dumps(entry)
    kinds = [told for told in entry["exception"] if not told.startswith(" ")]
    assert kinds == ["builtins.RuntimeError", "builtins.ValueError"]
    assert "test_logs.py" in entry["exception"][1]


def test_what_libraries_log_goes_the_same_way(capsysbinary):
    logs.set_up(as_json=True)
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 3)
    logging.getLogger("somebody").info("chatter")
    logging.getLogger("somebody").warning("trouble")
    told = [(entry["logger"], entry["level"], entry["event"]) for entry in logged(capsysbinary)]
    assert told == [("uvicorn.error", "info", "Started server process [3]"), ("somebody", "warning", "trouble")]


def test_warnings_go_the_same_way(capsysbinary):
    logs.set_up(as_json=True)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old and rusty", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(False)
    (entry,) = logged(capsysbinary)
    assert entry["logger"] == "py.warnings"
    assert "old and rusty" in str(entry["event"])


def test_in_a_terminal_it_is_a_readable_line(capsysbinary):
    logs.set_up(as_json=False)
    logger.warning("store unavailable", error="StoreBusy")
    (line,) = capsysbinary.readouterr().err.decode().splitlines()
    assert "[warning" in line
    assert "error=StoreBusy" in line
    assert not line.startswith("{")
