"""Webhooks lead to public addresses only, however a URL is disguised."""

import asyncio
import ssl

import pytest

from adapters.outbound.webhooks.addresses import Targets
from adapters.outbound.webhooks.delivery import WebhookSender
from application.webhooks.ports import TargetRefused
from tests.cases import for_each
from tests.clock import Clock
from tests.plain_http import NOBODY
from tests.receiver import Reply, authority, receiving

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:82b::200e"]
NOT_PUBLIC = """
    127.0.0.1 127.255.255.254 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.1.1 169.254.169.254
    100.64.0.1 100.100.100.200 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
    239.255.255.250 240.0.0.1 255.255.255.255 168.63.129.16
    ::1 :: fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1 fec0::1
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1
    2002:7f00:1:: 2002:808:808:: 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 3fff::1 5f00::1 100::1
""".split()


def leading_to(*addresses: str, loopback: bool = False) -> Targets:
    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return Targets(loopback, resolve)


def refusal(targets: Targets, url: str) -> str:
    with pytest.raises(TargetRefused) as refused:
        asyncio.run(targets.check(url))
    return str(refused.value)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_taken(address):
    assert asyncio.run(leading_to(address).check("https://example.com/hooks")) == "https://example.com/hooks"


@for_each("address", NOT_PUBLIC)
def test_any_other_address_is_refused(address):
    assert "not public" in refusal(leading_to(address), "https://example.com/hooks")


def test_one_address_that_is_not_public_is_one_too_many():
    assert "not public" in refusal(leading_to(*PUBLIC, "10.0.0.1"), "https://example.com/hooks")


@for_each(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
def test_an_address_written_otherwise_is_the_same_address(url):
    assert "not public" in refusal(Targets(), url)


@for_each(
    ("url", "why"),
    [
        ("http://example.com/", "must begin with https://"),
        ("ftp://example.com/", "URL"),
        ("file:///etc/passwd", "URL"),
        ("gopher://example.com/", "URL"),
        ("https://", "no URL"),
        ("example.com/hooks", "no URL"),
        ("https://user:word@example.com/", "no user"),
        ("https://user@example.com/", "no user"),
        ("https://example.com/#here", "no fragment"),
        ("https://example.com:22/", "port"),
        ("https://example.com:25/", "port"),
        ("http://localhost:8080/", "must begin with https://"),
        ("https://example.com/" + "x" * 2000, "2000 signs"),
    ],
)
def test_a_url_of_another_kind_is_refused_with_a_reason(url, why):
    assert why in refusal(leading_to(PUBLIC[0]), url)


@pytest.mark.parametrize("url", ["https://example.com:443/", "https://example.com:8443/", "https://bücher.example/"])
def test_https_names_and_unprivileged_ports_are_taken(url):
    assert asyncio.run(leading_to(PUBLIC[0]).check(url)).startswith("https://")


def test_a_name_that_means_nothing_is_refused():
    async def nothing(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    assert "cannot be resolved" in refusal(Targets(resolve=nothing), "https://example.com/")


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".com", "does-not-exist.invalid"])
def test_what_is_no_name_is_refused(host):
    assert "cannot be resolved" in refusal(Targets(), f"https://{host}/")


def test_this_machine_is_taken_only_where_that_is_configured():
    here = Targets(loopback=True)
    assert asyncio.run(here.check("http://localhost:9000/hooks")) == "http://localhost:9000/hooks"
    assert asyncio.run(here.check("http://127.0.0.1:80/hooks")) == "http://127.0.0.1/hooks"
    assert "must begin with https://" in refusal(here, "http://example.com/")
    assert "not public" in refusal(leading_to("10.0.0.1", loopback=True), "https://example.com/")


def sent(targets: Targets, url: str, trust: ssl.SSLContext = NOBODY, times: int = 1):
    async def send():
        sender = WebhookSender(targets, Clock(), trust, patience=2)
        try:
            return [await sender.send(url, [b"s" * 32], "plan:1", b"{}") for _ in range(times)]
        finally:
            await sender.close()

    return asyncio.run(send())


def test_a_name_is_resolved_once_for_a_connection_and_that_address_is_the_one_connected_to(tmp_path):
    """Were it resolved again to connect, it could mean something else by then."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    asked = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    trusted = authority(tmp_path)
    with receiving(trusted) as receiver:
        receiver.reply = lambda _: Reply(headers={"Connection": "close"})
        first, second = sent(Targets(loopback=True, resolve=resolve), receiver.url, trusted.client_side(), times=2)
    assert first.arrived
    assert second.error == "address-refused"
    assert asked == ["localhost", "localhost"]
    assert len(receiver.received) == 1


def test_the_certificate_must_prove_the_name_and_not_the_address(tmp_path):
    trusted = authority(tmp_path)
    with receiving(trusted) as receiver:
        elsewhere = receiver.url.replace("localhost", "example.com")
        here = leading_to("127.0.0.1", loopback=True)
        assert sent(here, receiver.url, trusted.client_side())[0].status == 200
        assert sent(here, elsewhere, trusted.client_side())[0].error == "tls-failed"
        assert sent(here, receiver.url)[0].error == "tls-failed"
    assert len(receiver.received) == 1
    assert receiver.received[0].headers["host"] == receiver.url.split("/")[2]


def test_proxies_of_the_environment_are_not_asked(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    trusted = authority(tmp_path)
    with receiving(trusted) as receiver:
        assert sent(Targets(loopback=True), receiver.url, trusted.client_side())[0].status == 200
