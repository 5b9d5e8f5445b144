"""Packs as pages, and what a live page asks for when it is told of another version."""

import pytest
from structlog.testing import capture_logs

from adapters.http import live
from application.aggregates.ports import StoreUnavailable
from tests.adapters.web.test_pages import signed_in, text_of


@pytest.mark.parametrize("pack", ["canvas", "weekly", "readout", "qbr", "annual"])
def test_every_pack_is_a_page_with_its_other_forms(acme, pack):
    page = acme.get(f"/plans/{acme.plan}/packs/{pack}", signed_in(acme))
    assert page.status_code == 200, text_of(page.text)
    assert f"/v1/plans/{acme.plan}/packs/{pack}?as_of=now&amp;audience=internal&amp;format=pdf" in page.text


def test_a_pack_there_is_not_has_no_page_and_customers_have_the_qbr_alone(acme):
    cookie = signed_in(acme)
    paths = ("nothing", "canvas?audience=customer", "qbr?audience=customer")
    found = [acme.get(f"/plans/{acme.plan}/packs/{path}", cookie).status_code for path in paths]
    assert found == [404, 404, 200]


def test_a_live_page_is_told_who_changed_what_after_its_version(acme):
    seen = acme.version
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-02-10")
    told = acme.get(f"/plans/{acme.plan}/since?after={seen}", signed_in(acme)).json()
    assert told == {"version": seen + 1, "lines": ["ann: action added"]}
    assert acme.get(f"/plans/{acme.plan}/since?after=x", signed_in(acme)).json()["lines"] == []


@pytest.mark.parametrize("why", ["too many", "away"])
def test_a_live_page_that_cannot_be_followed_ends_in_order_and_is_asked_for_again(acme, monkeypatch, why):
    """Every browser asks again within seconds: none of that is a mistake of ours to be told each time."""

    async def away(*_):
        raise StoreUnavailable

    if why == "away":
        monkeypatch.setattr(live.Live, "part", away)
    else:
        monkeypatch.setattr(live, "MOST_OF_ONE", 0)
    with capture_logs() as lines:
        answer = acme.get("/live", signed_in(acme))
    assert (answer.status_code, answer.text) == (200, "retry: 3000\n: \n\n")
    assert not [line for line in lines if line["event"] == "unhandled"]


def test_a_page_is_compressed_where_the_browser_takes_that(acme):
    cookie = signed_in(acme)
    plain = acme.get(f"/plans/{acme.plan}", cookie | {"Accept-Encoding": "identity"})
    packed = acme.get(f"/plans/{acme.plan}", cookie | {"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) * 3 < int(plain.headers["content-length"])
    assert "Accept-Encoding" in packed.headers["vary"]


def test_figures_of_what_they_would_gain_read_as_the_reader_writes_them(acme):
    gain = {"outcome": "One tool in place of three", "metric": "Cost of store tools", "unit": "GBP"}
    acme.done("propose-hypothesis", id="one-tool", **gain, baseline="1190000", expected="400000.5")
    acme.done("propose-hypothesis", id="words", **gain, baseline="1e6 a year", expected="half")
    page, german = (
        text_of(acme.get(f"/plans/{acme.plan}", signed_in(acme) | {"Accept-Language": language}).text)
        for language in ("en", "de")
    )
    assert "1,190,000 → 400,000.5 GBP" in page
    assert "1.190.000 → 400.000,5 GBP" in german
    assert "1e6 a year → half GBP" in page
