"""Secrets and signatures as Standard Webhooks has them; tests of delivery verify them with the receivers' library."""

from base64 import b64decode
from datetime import timedelta

from application.webhooks.signatures import new_secret, signed, written
from tests.stores import MONDAY

ID = "6a1f7a3e-0000-5000-8000-000000000001:7"


def test_a_secret_is_32_random_bytes_as_the_specification_writes_them():
    secret = new_secret()
    assert written(secret).startswith("whsec_")
    assert b64decode(written(secret).removeprefix("whsec_"), validate=True) == secret
    assert len(secret) == 32
    assert new_secret() != secret


def test_the_timestamp_is_that_of_the_attempt_in_whole_seconds():
    headers = signed([b"s" * 32], ID, MONDAY + timedelta(milliseconds=999), b"")
    assert headers["webhook-timestamp"] == str(int(MONDAY.timestamp()))
