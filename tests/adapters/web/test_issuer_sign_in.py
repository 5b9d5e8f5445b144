"""Sign-in through a real issuer: authorization code flow with PKCE and a nonce, and everything that may be wrong."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from adapters.access.callers import Bearers
from adapters.access.issuer_sign_in import IssuerSignIn
from adapters.access.oidc import Issuer
from adapters.access.sign_in import Pending, SignInRefused
from tests.adapters.access.test_oidc import LocalIssuer, now
from tests.adapters.web.test_pages import text_of
from tests.api import Api, served
from tests.callers import known_keys

CLIENT, SECRET = "pages-of-plantrail", "whispered"
BACK = "http://localhost/sign-in/issuer/done"


class SigningIn(LocalIssuer):
    """An issuer at which people sign in: whoever comes is ann, and what it says of her can be bent."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.discovery |= {
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
        }
        local, known = self, self.server.RequestHandlerClass

        class Handler(known):
            def do_GET(self) -> None:
                if not self.path.startswith("/authorize?"):
                    return super().do_GET()
                asked = {name: value for name, [value] in parse_qs(urlsplit(self.path).query).items()}
                code = token_urlsafe(16)
                local.codes[code] = asked
                self.send_response(303)
                self.send_header(
                    "Location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
                )
                self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                answer = local.exchanged({name: value for name, [value] in parse_qs(body).items()})
                self.send_response(200 if answer else 400)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

        self.server.RequestHandlerClass = Handler

    def exchanged(self, sent: dict[str, str]) -> dict[str, Any]:
        asked = self.codes.pop(sent["code"], None)
        challenge = urlsafe_b64encode(sha256(sent["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        is_right = asked and (challenge, sent["client_id"], sent["client_secret"], sent["redirect_uri"]) == (
            asked["code_challenge"], CLIENT, SECRET, asked["redirect_uri"],
        )  # fmt: skip
        if not asked or not is_right:
            return {}
        claims = {"aud": CLIENT, "nonce": asked["nonce"], "plantrail_plans": "all", "plantrail_role": "editor"}
        return {"id_token": self.token(**claims | self.said)}


@pytest.fixture
def issuer() -> Iterator[SigningIn]:
    issuer = SigningIn()
    yield issuer
    issuer.end()


@pytest.fixture
def office(store, issuer) -> Iterator[Api]:
    by_issuer = IssuerSignIn(Issuer(issuer.url, CLIENT), SECRET, BACK, now)
    with served(store, Bearers(known_keys(store)), by_issuer=by_issuer) as api:
        api.clock.now = now()
        yield api


def sent_away(api: Api, to: str = "/") -> tuple[str, str]:
    """Where the browser is sent, and the cookie it keeps."""
    answer = api.get(f"/sign-in/issuer?{urlencode({'to': to})}")
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["location"], answer.headers["set-cookie"].partition(";")[0]


def back_from(address: str) -> str:
    """What the issuer sends the browser back to, once somebody has signed in there."""
    back = httpx.get(address).headers["location"]
    return back.removeprefix("http://localhost")


def test_whoever_the_issuer_lets_in_is_signed_in_and_comes_to_the_page_they_wanted(office):
    assert "Sign in with your account" in office.get("/sign-in").text
    address, cookie = sent_away(office, "/me")
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    answer = office.get(back_from(address), {"Cookie": cookie})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me"), text_of(answer.text)
    session = next(each for each in answer.headers.get_list("set-cookie") if "_pending" not in each)
    page = office.get("/settings", {"Cookie": session.partition(";")[0]})
    assert "You are signed in as ann, with the role editor." in text_of(page.text)
    office.clock.forward(minutes=6)
    assert office.get("/", {"Cookie": session.partition(";")[0]}).status_code == 303, "no longer than their token"


WRONG: tuple[dict[str, Any], ...] = (
    {"nonce": "another"},
    {"nonce": None},
    {"aud": "another-client"},
    {"iss": "https://evil.example"},
    {"exp": timedelta(minutes=-2)},
    {"plantrail_role": "king"},
    {"sub": "Jane Doe"},
)


def test_nobody_is_let_in_by_a_token_that_is_not_for_this_sign_in(office, issuer):
    for said in WRONG:
        issuer.said = said
        address, cookie = sent_away(office)
        answer = office.get(back_from(address), {"Cookie": cookie})
        assert answer.status_code == 422, said
        assert "set-cookie" not in answer.headers


def test_a_code_is_good_for_the_browser_that_began_and_once(office):
    address, cookie = sent_away(office)
    back = back_from(address)
    _, other = sent_away(office)
    for stolen in ({}, {"Cookie": other}, {"Cookie": "plantrail_pending=rubbish"}):
        assert office.get(back, stolen).status_code == 422
    assert office.get(back, {"Cookie": cookie}).status_code == 303
    assert office.get(back, {"Cookie": cookie}).status_code == 422
    refused = f"/sign-in/issuer/done?error=access_denied&state={parse_qs(urlsplit(address).query)['state'][0]}"
    answer = office.get(refused, {"Cookie": cookie})
    assert "The issuer did not let you in" in text_of(answer.text)


def test_an_issuer_that_is_away_or_leads_elsewhere_is_told(office, issuer):
    issuer.discovery["authorization_endpoint"] = "http://elsewhere.example/authorize"
    answer = office.get("/sign-in/issuer")
    assert answer.status_code == 503
    assert "sign in by a key" in text_of(answer.text)


def test_nobody_is_led_to_another_site_by_what_a_browser_keeps(office):
    address, cookie = sent_away(office)
    bent = replace(Pending.read(cookie.partition("=")[2]), to="https://evil.example")
    answer = office.get(back_from(address), {"Cookie": f"plantrail_pending={bent.cookie()}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    with pytest.raises(SignInRefused):
        Pending.read(None)
