"""Settings that are wrong or unknown are named in one line each, before anything is done."""

import pytest

from adapters.bootstrap.settings import Settings, SettingsError
from adapters.privacy.key_encryption import KeyFault
from tests.adapters.cli.test_cli import plantrail


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("REQUESTS_PER_SECOND", "fast", "PLANTRAIL_REQUESTS_PER_SECOND must be a number, and this is text."),
        ("REQUESTS_PER_SECOND", "0", "PLANTRAIL_REQUESTS_PER_SECOND must be more than 0"),
        ("CONNECTIONS", "many", "PLANTRAIL_CONNECTIONS must be a whole number, and this is text."),
        ("CONNECTIONS", "3", "PLANTRAIL_CONNECTIONS must be at least 10."),
        ("ACCESS_EVENTS_DAYS", "29", "PLANTRAIL_ACCESS_EVENTS_DAYS must be at least 30."),
        ("ACCESS_EVENTS_DAYS", "36501", "PLANTRAIL_ACCESS_EVENTS_DAYS must be at most 36500."),
        ("PUBLIC_URL", "http://[", "PLANTRAIL_PUBLIC_URL must be a URL such as https://plans.example.com"),
        ("OIDC_ISSUER", "https://issuer:99999", "PLANTRAIL_OIDC_ISSUER must be a URL"),
        ("WITNESSES", "file:///heads https://[::1/", "PLANTRAIL_WITNESSES must be a URL"),
        ("LOG_FORMAT", "xml", "PLANTRAIL_LOG_FORMAT must be one of json or console, and “xml” is none of them."),
        ("LOG_FORMAT", "jsn", "did you mean “json”?"),
        ("WEBHOOK_LOOPBACK", "perhaps", "PLANTRAIL_WEBHOOK_LOOPBACK must be true or false, and this is text."),
        ("LOG_FROMAT", "json", "There is no setting PLANTRAIL_LOG_FROMAT: did you mean PLANTRAIL_LOG_FORMAT?"),
        ("SLIDES_TEMPLATE", "none.pptx", "PLANTRAIL_SLIDES_TEMPLATE must name a presentation that is there"),
        ("DATABASE", "x", "There is no setting PLANTRAIL_DATABASE: did you mean "),
        ("ZZZ", "secret", "There is no setting PLANTRAIL_ZZZ; docs/settings.md lists those there are."),
    ],
)
def test_a_setting_that_is_wrong_or_unknown_is_named_with_the_nearest(monkeypatch, variable, value, told):
    monkeypatch.setenv(f"PLANTRAIL_{variable}", value)
    with pytest.raises(SettingsError) as wrong:
        Settings()
    assert told in str(wrong.value)
    assert "\n" not in str(wrong.value)
    assert "secret" not in str(wrong.value)


@pytest.mark.parametrize("variable", ["KEY_ENCRYPTION_KEY", "LOG_KEY", "WITNESS_SECRET"])
@pytest.mark.parametrize("value", ["", "hunter2", "aHVudGVyMg==", "1:aHVudGVyMg== 1:x"])
def test_a_secret_that_is_none_is_refused_whether_it_is_used_or_not_and_is_not_repeated(monkeypatch, variable, value):
    monkeypatch.setenv(f"PLANTRAIL_{variable}", value)
    with pytest.raises(KeyFault, match=f"PLANTRAIL_{variable}") as wrong:
        Settings()
    assert "hunter" not in str(wrong.value)


def test_everything_that_is_wrong_is_told_at_once(monkeypatch):
    for variable, value in {"CONNECTIONS": "many", "LOG_FORMAT": "xml", "CONECTIONS": "3"}.items():
        monkeypatch.setenv(f"PLANTRAIL_{variable}", value)
    with pytest.raises(SettingsError) as wrong:
        Settings()
    for variable in ("PLANTRAIL_CONNECTIONS must", "PLANTRAIL_LOG_FORMAT must", "PLANTRAIL_CONECTIONS"):
        assert variable in str(wrong.value)


def test_what_programs_set_for_the_library_is_no_setting_of_ours(monkeypatch):
    monkeypatch.setenv("PLANTRAIL_PERSISTENCE_MODULE", "adapters.postgres.factory")
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/plantrail")
    assert Settings().database_url


@pytest.mark.program
def test_the_command_line_says_so_in_a_line_without_a_stack_trace(tmp_path):
    for words in (("plans",), ("serve",), ("db", "url")):
        done = plantrail(*words, code=1, PLANTRAIL_HOME=str(tmp_path), PLANTRAIL_REQUESTS_PER_SECOND="fast")
        lines = done.stderr.splitlines()
        assert "Traceback" not in done.stderr
        assert " ".join(" ".join(lines).split()).endswith(
            "PLANTRAIL_REQUESTS_PER_SECOND must be a number, and this is text."
        )
