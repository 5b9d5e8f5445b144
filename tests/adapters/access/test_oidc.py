"""OpenID Connect: a token of the trusted issuer identifies its caller; any other token identifies nobody."""

import asyncio
import base64
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from structlog.testing import capture_logs

from adapters.access import oidc
from adapters.access.callers import Bearers, CallerUnknown
from adapters.access.oidc import IssuedTokens, Issuer, IssuerKeys, IssuerWrong, fetched, is_safe
from adapters.bootstrap.issuer import issuer as configured_issuer
from adapters.bootstrap.settings import Settings, SettingsError
from adapters.postgres.store import Store
from application.aggregates.access import Caller
from domain.account_plan.plan import plan_id_of
from tests.api import assert_problem, served
from tests.callers import bearer, given_key, known_keys
from tests.cases import for_each
from tests.stores import OPEN_ACME

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
PRIVATE: dict[str, Any] = {"RS256": RSA, "ES256": EC, "EdDSA": ED}
WRITERS: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


def public(algorithm: str, kid: str, private: Any = None) -> dict[str, Any]:
    key = (private or PRIVATE[algorithm]).public_key()
    return WRITERS[algorithm].to_jwk(key, as_dict=True) | {"kid": kid, "use": "sig"}


class LocalIssuer:
    """An issuer on this machine, reached over the network."""

    def __init__(self) -> None:
        self.keys = [public(algorithm, algorithm) for algorithm in PRIVATE]
        self.asked: list[str] = []
        self.discovery: dict[str, Any] = {}
        self.broken = False
        local = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                local.asked.append(self.path)
                found: Any = {"/.well-known/openid-configuration": local.discovery, "/keys": {"keys": local.keys}}
                content = json.dumps(found.get(self.path, {})).encode()
                self.send_response(503 if local.broken else 200)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.discovery = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def trusted(self) -> Issuer:
        return Issuer(self.url, "plantrail")

    def token(
        self, algorithm: str = "RS256", private: Any = None, headers: dict[str, Any] | None = None, **said: Any
    ) -> str:
        now = datetime.now(UTC)
        claims = {
            "iss": self.url, "aud": "plantrail", "sub": "ann", "iat": now, "exp": now + timedelta(minutes=5),
            "plantrail_role": "reader", "plantrail_plans": ["acme"],
        } | said  # fmt: skip
        claims = {
            name: now + value if isinstance(value, timedelta) else value
            for name, value in claims.items()
            if value is not None
        }
        return jwt.encode(claims, private or PRIVATE[algorithm], algorithm, {"kid": algorithm} | (headers or {}))


@pytest.fixture
def local() -> Iterator[LocalIssuer]:
    issuer = LocalIssuer()
    yield issuer
    issuer.end()


def now() -> datetime:
    return datetime.now(UTC)


def who(issuer: LocalIssuer, *tokens: str, of: Issuer | None = None) -> list[Caller]:
    """Whose tokens they are, one after the other."""

    async def asked() -> list[Caller]:
        known = IssuedTokens(of or issuer.trusted, now)
        return [await known.caller(token) for token in tokens]

    return asyncio.run(asked())


def refused(issuer: LocalIssuer, token: str) -> str:
    with pytest.raises(CallerUnknown) as unknown:
        who(issuer, token)
    assert token not in str(unknown.value) or not token
    return str(unknown.value)


# Who somebody is


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_actor_role_and_plans_are_what_the_token_says(local: LocalIssuer, algorithm):
    (ann,) = who(local, local.token(algorithm, plantrail_plans=["acme", "beta"]))
    assert (ann.actor, ann.role) == ("ann", "reader")
    assert ann.plans == {plan_id_of("acme"), plan_id_of("beta")}
    assert not ann.personal_data
    assert not ann.acts_for_others


def test_the_claims_are_those_that_were_configured(local: LocalIssuer):
    issuer = Issuer(local.url, "plantrail", "preferred.name", "realm_access.roles", "https://plantrail.example/plans")
    said = {
        "preferred": {"name": "ben"},
        "realm_access": {"roles": ["offline_access", "auditor"]},
        "https://plantrail.example/plans": "all",
    }
    (ben,) = who(local, local.token(**said), of=issuer)
    assert (ben.actor, ben.role, ben.plans) == ("ben", "auditor", None)


def test_who_is_given_no_plans_has_none(local: LocalIssuer):
    for none in (None, [], {}, 3, [3], ["all", "acme"]):
        (ann,) = who(local, local.token(plantrail_plans=none))
        assert ann.plans in (frozenset(), {plan_id_of("all"), plan_id_of("acme")})


@for_each(
    "said",
    [
        {"plantrail_role": None}, {"plantrail_role": "developer"}, {"plantrail_role": ["reader", "admin"]},
        {"plantrail_role": {"reader": True}}, {"plantrail_role": "Reader"}, {"plantrail_role": []},
        {"sub": "Jane Doe"}, {"sub": ""}, {"sub": None}, {"sub": "x" * 129},
    ],
)  # fmt: skip
def test_who_the_token_does_not_name_or_gives_no_role_of_ours_is_nobody(local: LocalIssuer, said):
    assert refused(local, local.token(**said))


# Tokens they signed that are odd

ODD: dict[str, bytes] = {
    "null": b"null", "true": b"true", "no number": b'"soon"', "digits": b'"4102444800"', "a list": b"[4102444800]",
    "an object": b'{"a": 1}', "nothing": b'""', "zero": b"0", "negative": b"-1", "beyond the calendar": b"1e14",
    "beyond a double": b"1e400", "NaN": b"NaN", "Infinity": b"Infinity", "4,000 digits": b"9" * 4_000, "half": b"0.5",
    "a surrogate": b'"\\ud800"', "a NUL": b'"\\u0000"', "a list of surrogates": b'["\\ud800", "acme"]',
    "nested": b"[" * 1_500 + b"]" * 1_500, "long": b'"' + b"x" * 3_000 + b'"', "many": b"[" + b'"a",' * 700 + b'"a"]',
    "mixed": b'[null, 3, {}, "acme"]', "spaces": b'"Jane Doe"', "with a comma": b'"a,b"', "a date": b'"2099-01-01"',
}  # fmt: skip


def signed(payload: bytes, headers: dict[str, Any] | None = None) -> str:
    """As their key signs whatever it is given."""
    return jwt.PyJWS().encode(payload, RSA, "RS256", {"kid": "RS256"} | (headers or {}))


def payload_with(local: LocalIssuer, claim: str, value: bytes) -> bytes:
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": local.url, "aud": "plantrail", "sub": "ann", "iat": now, "exp": now + 300}
    claims |= {"plantrail_role": "reader", "plantrail_plans": ["acme"]} | {claim: "HERE"}
    return json.dumps(claims).encode().replace(b'"HERE"', value)


@for_each("claim", ["iss", "aud", "sub", "iat", "exp", "nbf", "jti", "plantrail_role", "plantrail_plans", "azp"])
def test_whatever_a_claim_holds_the_token_is_somebodys_or_nobodys(local: LocalIssuer, claim):
    async def ask() -> None:
        known = IssuedTokens(local.trusted, now)
        for name, value in ODD.items():
            try:
                caller = await known.caller(signed(payload_with(local, claim, value)))
            except CallerUnknown:
                continue
            assert claim in ("jti", "azp", "nbf", "iat", "sub", "plantrail_plans"), (claim, name)
            assert caller.role == "reader"
            assert caller.plans is not None

    asyncio.run(ask())


def test_an_expiry_is_a_number_of_our_calendar(local: LocalIssuer):
    in_time = str(int(datetime.now(UTC).timestamp()) + 300).encode()
    assert who(local, signed(payload_with(local, "exp", in_time)))
    for wrong in (b'"%b"' % in_time, b"[%b]" % in_time, b"1e12", b"1e400", b"9" * 400, b"true", b"NaN", b"Infinity"):
        assert refused(local, signed(payload_with(local, "exp", wrong))), wrong


@for_each(
    "payload",
    [b"", b"null", b"[]", b"3", b"{", b'{"exp": 1' * 500, b"[" * 2_500, b"\xff\xfe", b'{"\\ud800": 1}', b"\x00"],
)
def test_a_payload_that_is_no_object_is_nobodys(local: LocalIssuer, payload):
    assert refused(local, signed(payload))


@for_each(
    "header",
    [{"kid": 3}, {"kid": ["RS256"]}, {"kid": {}}, {"crit": ["exp"]}, {"b64": False}, {"alg": None}, {"typ": []},
     {"kid": "\ud800"}, {"zip": "DEF"}],
)  # fmt: skip
def test_whatever_a_header_holds_the_token_is_somebodys_or_nobodys(local: LocalIssuer, header):
    _, body, signature = local.token().split(".")
    odd = json.dumps({"alg": "RS256", "kid": "RS256"} | header).encode()
    assert refused(local, f"{encoded(odd)}.{body}.{signature}")
    assert refused(local, f"{encoded(b'[' * 3_000)}.{body}.{signature}")


@pytest.mark.parametrize(
    "odd",
    [
        {"alg": [1]},
        {"kid": ["x"]},
        {"kid": {}},
        {"n": 1},
        {"n": "\ud800"},
        {"e": None},
        {"kty": []},
        {"use": {}},
        {"kty": "EC"},
    ],
)
def test_one_odd_key_of_theirs_takes_nothing_from_the_others(local: LocalIssuer, odd):
    local.keys.insert(0, public("RS256", "odd") | odd)
    assert who(local, local.token())


@pytest.mark.parametrize("discovery", [{"jwks_uri": "https://["}, {"jwks_uri": "http://127.0.0.1:99999/"}])
def test_an_issuer_that_leads_nowhere_lets_nobody_in(local: LocalIssuer, discovery):
    local.discovery |= discovery
    assert refused(local, local.token())


# What is no token of theirs


@for_each(
    "said",
    [
        {"exp": timedelta(seconds=-1)}, {"exp": None}, {"iat": None},
        {"iat": timedelta(minutes=5)}, {"nbf": timedelta(minutes=5)},
        {"aud": "another"}, {"aud": None}, {"iss": "https://evil.example"}, {"iss": None},
    ],
)  # fmt: skip
def test_a_token_for_another_time_or_another_service_is_none(local: LocalIssuer, said):
    assert refused(local, local.token(**said))


def test_an_issuers_clock_may_be_a_little_ahead(local: LocalIssuer):
    said = {
        "iat": now() + timedelta(seconds=10),
        "nbf": now() + timedelta(seconds=10),
    }
    assert who(local, local.token(**said))


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_what_is_not_signed_with_their_private_keys_is_refused(local: LocalIssuer):
    header, body, signature = local.token().split(".")
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    confused = f"{encoded({'alg': 'HS256', 'kid': 'RS256'})}.{body}"
    forged = {
        "none": f"{encoded({'alg': 'none', 'kid': 'RS256'})}.{body}.",
        "public key as shared secret": f"{confused}.{encoded(hmac.digest(pem, confused.encode(), 'sha256'))}",
        "another key": local.token(private=rsa.generate_private_key(65537, 2048)),
        "another key, brought along": local.token(
            "ES256", ec.generate_private_key(ec.SECP256R1()), {"jwk": public("ES256", "x"), "kid": "nowhere"}
        ),
        "the kind of another key": local.token("ES256", headers={"kid": "RS256"}),
        "another algorithm of the same key": jwt.encode({"sub": "ann"}, RSA, "PS256", {"kid": "RS256"}),
        "another body": f"{header}.{encoded({'sub': 'root'})}.{signature}",
        "no signature": f"{header}.{body}.",
        "no token": "x", "nothing": "", "too much": local.token(more="x" * 10_000),
        "several algorithms": f"{encoded({'alg': ['RS256'], 'kid': 'RS256'})}.{body}.{signature}",
        "no header": f"{encoded([])}.{body}.{signature}",
    }  # fmt: skip
    for name, token in forged.items():
        assert refused(local, token), name


def test_keys_that_are_no_good_are_not_taken(local: LocalIssuer):
    weak = rsa.generate_private_key(65537, 1024)
    secret = {"kty": "oct", "k": encoded(b"s" * 32), "kid": "oct", "alg": "HS256"}
    local.keys = [public("RS256", "weak", weak), secret, public("RS256", "enc") | {"use": "enc"}, {"kty": "RSA"}, 3]
    assert fetched(local.url) == {}
    assert refused(local, jwt.encode({"sub": "ann"}, "s" * 32, "HS256", {"kid": "oct"}))


# The issuer


def test_a_key_that_came_up_is_asked_for_but_not_again_and_again(local: LocalIssuer):
    async def story() -> None:
        known = IssuedTokens(local.trusted, now)
        old = local.token()
        await known.caller(old)
        assert local.asked == ["/.well-known/openid-configuration", "/keys"]
        another = rsa.generate_private_key(65537, 2048)
        local.keys.append(public("RS256", "new", another))
        new = local.token(private=another, headers={"kid": "new"})
        for _ in range(20):
            with pytest.raises(CallerUnknown):
                await known.caller(new)
        assert len(local.asked) == 2
        known._keys._tried_at -= oidc.PAUSE
        callers = await asyncio.gather(*(known.caller(new) for _ in range(20)))
        assert {caller.actor for caller in callers} == {"ann"}
        assert len(local.asked) == 4

    asyncio.run(story())


def test_while_the_issuer_is_away_its_keys_go_on_and_once_it_is_back_they_are_renewed(local: LocalIssuer):
    async def story() -> None:
        known = IssuedTokens(local.trusted, now)
        assert await known.caller(local.token())
        keys = known._keys
        local.broken = True
        with capture_logs() as lines:
            for _ in range(2):
                keys._fetched_at -= oidc.FRESH
                keys._tried_at -= oidc.PAUSE
                assert await known.caller(local.token(jti=str(keys._fetched_at)))
                assert keys._fetching
                await keys._fetching
        assert [line["event"] for line in lines] == ["issuer cannot be asked"] * 2
        local.broken, local.keys = False, local.keys[1:]
        keys._tried_at -= oidc.PAUSE
        assert await known.caller(local.token(jti="last"))
        await keys._fetching
        with pytest.raises(CallerUnknown):
            await known.caller(local.token(jti="gone"))

    asyncio.run(story())


def test_an_issuer_that_never_answered_lets_nobody_in(local: LocalIssuer):
    local.broken = True
    assert refused(local, local.token())


@pytest.mark.parametrize(
    "discovery",
    [{"issuer": "https://evil.example"}, {"jwks_uri": "http://evil.example/keys"}, {"jwks_uri": 3}, {"issuer": None}],
)
def test_an_issuer_that_says_something_else_is_not_believed(local: LocalIssuer, discovery):
    local.discovery |= discovery
    with pytest.raises(IssuerWrong):
        fetched(local.url)
    assert refused(local, local.token())


def test_a_token_that_was_verified_is_so_for_a_moment_but_not_beyond_its_time(local: LocalIssuer):
    async def story() -> None:
        known = IssuedTokens(local.trusted, now)
        for exp, most in ((now() + timedelta(hours=1), oidc.REMEMBERED_FOR), (now() + timedelta(seconds=10), 10)):
            token = local.token(exp=exp)
            caller = await known.caller(token)
            (*_, (good_until, _)) = known._verified.values()
            assert 0 < good_until - monotonic() <= most
            known._keys = IssuerKeys(dict)
            assert await known.caller(token) is caller
            known._verified[sha256(token.encode()).digest()] = 0.0, caller
            with pytest.raises(CallerUnknown):
                await known.caller(token)
            known._keys = IssuerKeys(lambda: fetched(local.url))

    asyncio.run(story())


@pytest.mark.parametrize(
    ("url", "safe"),
    [("https://id.example", True), ("http://127.0.0.1:9", True), ("http://id.example", False), ("id.example", False),
     ("ftp://localhost", False), ("", False)],
)  # fmt: skip
def test_an_issuer_is_asked_by_https(tmp_path, url, safe):
    assert is_safe(url) is safe
    settings = Settings(home=tmp_path, oidc_issuer=url)
    if safe:
        assert configured_issuer(settings).url == url
    else:
        with pytest.raises(SettingsError, match="PLANTRAIL_OIDC_ISSUER"):
            configured_issuer(settings)


# Over HTTP


def test_keys_and_tokens_are_taken_beside_each_other(store: Store, local: LocalIssuer):
    key = given_key(store, "bot", "editor", sees_all=True)
    tokens = IssuedTokens(local.trusted, now)
    with served(store, Bearers(known_keys(store), tokens)) as api:
        ask = partial(api.view, "/history")
        assert api.do("open-plan", bearer(key), **OPEN_ACME).status_code == 201
        assert ask(bearer(local.token())).status_code == 200
        assert_problem(ask(bearer(local.token(plantrail_plans=["beta"]))), 404, "unknown-plan")
        assert_problem(api.do("archive-plan", bearer(local.token()), reason="r"), 403, "forbidden")
        with capture_logs() as lines:
            expired = local.token(exp=now() - timedelta(hours=1))
            assert "expired" in assert_problem(ask(bearer(expired)), 401, "unauthenticated")["detail"]
        assert expired not in str(lines)
