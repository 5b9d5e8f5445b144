"""Chromium as the tests start it, and accessibility faults that axe finds."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NEEDED = os.environ.get("REQUIRE_ALL") == "1"
WHY_NOT = "no Chromium on this machine: apt-get install chromium"

NOT_WANTED = (
    # These features are disabled by Playwright too; Chromium uses the last of two lists.
    "AimEnabled AvoidCorsURLLoaderRestartOnRedirect AvoidUnnecessaryBeforeUnloadCheckSync DestroyProfileOnBrowserClose"
    " HttpsFirstBalancedModeAutoEnable HttpsUpgrades LensOverlay MediaRouter NetworkTimeServiceQuerying"
    " OptimizationHints PaintHolding PreconnectToSearch ThirdPartyStoragePartitioning"
    # The list below the address bar is invisible and takes each window a second of processor time.
    " WebUIOmniboxAimPopup WebUIOmniboxPopup"
    # This keeps a spare process for a page that does not come.
    " SpareRendererForSitePerProcess"
).split()
"""Features of Chromium to disable."""

FAULTS = """async () => {
  const looks = new Map();
  for (const each of document.querySelectorAll("body *")) {
    if (![...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())) continue;
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(each);
    const look = [color, fontSize, fontWeight, textShadow];
    for (let behind = each; behind; behind = behind.parentElement) {
      const { backgroundColor, backgroundImage, opacity, position } = getComputedStyle(behind);
      look.push(behind.tagName, behind.className, backgroundColor, backgroundImage, opacity, position);
    }
    const key = look.join("|");
    if (!looks.has(key) && each.checkVisibility()) looks.set(key, each);
  }
  const include = [...looks.values()];
  const resultTypes = ["violations"];  // to describe what is as it should be would take a sixth of the time
  const { violations } = await axe.run({ resultTypes, rules: { "color-contrast": { enabled: false } } });
  const contrast = { resultTypes, runOnly: ["color-contrast"] };
  if (include.length) violations.push(...(await axe.run({ include }, contrast)).violations);
  return violations.map((fault) => `${fault.id}: ${fault.help}: ${fault.nodes[0].html.slice(0, 120)}`);
}"""
"""Run all rules for all elements, except colour contrast, which takes longer than all others: for it, one element is
checked for each combination of text style and background."""


@contextmanager
def browsing() -> Iterator[Browser]:
    # Without a screen, the graphics process would only cost a little time; nor is there a core to spare for making
    # scripts faster that run once.
    without = f"--disable-features={','.join(NOT_WANTED)}"
    scripts = "--js-flags=--no-opt --no-maglev --no-concurrent-recompilation --single-threaded-gc"
    arguments = ["--no-sandbox", "--disable-gpu", "--in-process-gpu", without, scripts]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=arguments)
        yield browser
        browser.close()


@cache
def _axe() -> str:
    return str(Axe().axe_script)


def faults(page: Page) -> list[str]:
    """Return what axe finds on the current page: rule, words and element."""
    if page.evaluate("() => !window.axe"):
        page.evaluate(_axe())
    return list(page.evaluate(FAULTS))
