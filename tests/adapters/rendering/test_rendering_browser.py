"""The page of a report in a real browser: for everybody to read, on any screen, and allowed nothing."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from adapters.rendering.pool import RenderingPool
from adapters.rendering.style import security_policy
from tests.browsers import BROWSER, NEEDED, WHY_NOT, browsing, faults
from tests.pdfs import pages_of
from tests.reports import demo, month, nasty, of_an_empty_plan, of_every_script

ADDRESS = "http://report.test/"
pytestmark = pytest.mark.skipif(BROWSER is None and not NEEDED, reason=WHY_NOT)


@pytest.fixture(scope="module")
def press(_programs: None) -> Iterator[RenderingPool]:
    with RenderingPool() as press:
        yield press


@pytest.fixture(scope="module")
def demo_page(press: RenderingPool) -> bytes:
    return press.made("said-vs-did", "html", demo())


@pytest.fixture(scope="module")
def browser(_programs: None) -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def opened(page: Page, content: bytes) -> list[str]:
    """What the browser complains of, and everything it asks for beside the page."""
    complaints: list[str] = []
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": security_policy(content)}
    page.route("**/*", lambda route: route.abort())
    page.route(ADDRESS, lambda route: route.fulfill(body=content, headers=headers))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url != ADDRESS else None)
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto(ADDRESS)
    return [each for each in complaints if not each.endswith("/favicon.ico")]


@pytest.mark.parametrize(
    ("name", "report"),
    [
        pytest.param("said-vs-did", demo, marks=pytest.mark.torture),
        pytest.param("said-vs-did", of_an_empty_plan, marks=pytest.mark.torture),
        pytest.param("said-vs-did", nasty, marks=pytest.mark.torture),
        pytest.param("said-vs-did", of_every_script, marks=pytest.mark.torture),
        ("month", lambda: month("retailer", "manufacturer", "win-back")),
        pytest.param("month", month, marks=pytest.mark.torture),
    ],
)
def test_everybody_can_read_it(name, report, page, press):
    complaints = opened(page, press.made(name, "html", report()))
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    assert faults(page) == []
    assert complaints == []


def test_its_style_is_allowed_and_scripts_are_not(page, demo_page):
    opened(page, demo_page)
    assert page.locator("h1").evaluate("heading => getComputedStyle(heading).fontWeight") == "600"
    page.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        " document.body.append(script) }"
    )
    assert page.evaluate("() => window.ran") is None


WIDER_THAN_THEIR_PLACE = """() => [...document.querySelectorAll("th, td, td > span, p, h1, h3, caption, dd, small")]
    .filter(each => each.clientWidth > 1 && each.scrollWidth > each.clientWidth + 1).map(each => each.textContent)"""


@pytest.mark.parametrize("report", [demo, pytest.param(of_every_script, marks=pytest.mark.torture)])
def test_it_fits_the_screen_and_every_word_its_place(report, page, press):
    opened(page, press.made("said-vs-did", "html", report()))
    for width in (1280, 800, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert page.evaluate(WIDER_THAN_THEIR_PLACE) == [], width


@pytest.mark.torture
def test_on_a_phone_what_became_of_each_promise_stands_below_its_name(page, demo_page):
    page.set_viewport_size({"width": 360, "height": 900})
    opened(page, demo_page)
    rows = page.locator('tr:has(td[data-label="Outcome"])')
    assert rows.count() == 15
    for row in rows.all():
        name, outcome = row.locator("th").bounding_box(), row.locator('td[data-label="Outcome"]').bounding_box()
        assert name
        assert outcome
        assert 0 <= outcome["x"] <= outcome["x"] + outcome["width"] <= 360
        assert 0 <= outcome["y"] - (name["y"] + name["height"]) < 10
        words = row.locator('td[data-label="Outcome"]').evaluate("cell => getComputedStyle(cell, '::before').content")
        assert words == '"Outcome"'
    assert not page.locator("td.blank").first.is_visible()


def printed(page: Page) -> list[str]:
    """The words of each page of paper."""
    return [" ".join(each.split()) for each in pages_of(page.pdf(prefer_css_page_size=True))]


@pytest.mark.torture
def test_on_paper_heads_stay_with_their_rows_and_rows_in_one_piece(page, press, demo_page):
    opened(page, demo_page)
    page.emulate_media(media="print")
    assert not page.locator("details").first.is_visible()
    assert page.locator(".chart svg").first.is_visible()
    pages = printed(page)
    assert len(pages) <= 7, "as many as the PDF takes"
    heads = ("Proof", "Why", "Meanwhile", "Who", *page.locator("h2, h3, caption").all_inner_texts())
    for number, words in enumerate(pages):
        body = words.removesuffix(f"{number + 1} / {len(pages)}").rstrip()
        assert not body.endswith(tuple(f" {head}" for head in heads)), body[-80:]
    opened(page, press.made("said-vs-did", "html", of_every_script()))
    rows = re.findall(r"play p\d+ .{0,400}?planned \d+, rescheduled \d+", "\f".join(printed(page)), re.DOTALL)
    assert len(rows) == 24
    assert not [row for row in rows if "\f" in row]


def comes_with_the_page(page: Page, words: str) -> bool:
    """Whether the browser draws the text with these words in a font that came with the page."""
    client = page.context.new_cdp_session(page)
    client.send("DOM.enable")
    client.send("CSS.enable")
    client.send("DOM.getDocument", {"depth": -1})
    found = client.send("DOM.performSearch", {"query": f"//*[contains(text(), '{words}')]"})
    which = {"searchId": found["searchId"], "fromIndex": 0, "toIndex": found["resultCount"]}
    node = client.send("DOM.getSearchResults", which)["nodeIds"][-1]
    return any(each["isCustomFont"] for each in client.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"])


def test_what_readers_may_have_no_font_for_comes_with_the_page_and_nothing_else_does(page, press, demo_page):
    assert b"@font-face" not in demo_page
    content = press.made("said-vs-did", "html", of_every_script())
    assert len(content) < len(demo_page) + 100_000
    opened(page, content)
    page.evaluate("document.fonts.ready")
    for words in ("การเจรจา", "新しい契約", "東京支社"):
        assert comes_with_the_page(page, words), words
    assert not comes_with_the_page(page, "im Landkreis")
    assert "[U+13000]" in content.decode(), "what no font has is named here as well"
