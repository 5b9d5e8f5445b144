"""The page of a report in a real browser: for everybody to read, on any screen, and allowed nothing."""

import os
import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from adapters.rendering.pool import RenderingPool
from adapters.rendering.style import security_policy
from tests.reports import demo, month, nasty, of_an_empty_plan

ADDRESS = "http://report.test/"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needed = os.environ.get("REQUIRE_ALL") == "1"

pytestmark = pytest.mark.skipif(
    BROWSER is None and not needed, reason="no Chromium on this machine: apt-get install chromium"
)


@pytest.fixture(scope="module")
def press(_programs: None) -> Iterator[RenderingPool]:
    with RenderingPool() as press:
        yield press


@pytest.fixture(scope="module")
def demo_page(press: RenderingPool) -> bytes:
    return press.made("said-vs-did", "html", demo())


@pytest.fixture(scope="module")
def browser(_programs: None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def opened(page: Page, content: bytes) -> list[str]:
    """What the browser complains of, and everything it asks for beside the page."""
    complaints: list[str] = []
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": security_policy()}
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
        ("said-vs-did", demo),
        ("said-vs-did", of_an_empty_plan),
        ("said-vs-did", nasty),
        ("month", lambda: month("retailer", "manufacturer", "win-back")),
        ("month", month),
    ],
)
def test_everybody_can_read_it(name, report, page, press):
    complaints = opened(page, press.made(name, "html", report()))
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert complaints == []


def test_its_style_is_allowed_and_scripts_are_not(page, demo_page):
    opened(page, demo_page)
    assert page.locator("h1").evaluate("heading => getComputedStyle(heading).fontWeight") == "600"
    page.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        " document.body.append(script) }"
    )
    assert page.evaluate("() => window.ran") is None


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_it_fits_the_screen(width, page, demo_page):
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, demo_page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_it_is_printed_on_paper_without_what_only_a_screen_needs(page, demo_page):
    opened(page, demo_page)
    page.emulate_media(media="print")
    assert not page.locator("details").first.is_visible()
    assert page.locator(".chart svg").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
