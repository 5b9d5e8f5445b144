"""The style sheet of report pages, and the content policy that allows it."""

import hashlib
import re
from base64 import b64encode
from functools import cache
from importlib.resources import files

FONTS = re.compile(
    rb'<style>((?:@font-face\{font-family:"[A-Za-z ]+";unicode-range:[U+,0-9A-F]+;'
    rb"src:url\(data:font/woff;base64,[A-Za-z0-9+/=]+\)\})+)</style>"
)
"""Rules that embed fonts, and nothing else."""


@cache
def sheet() -> str:
    return files("adapters.rendering").joinpath("templates/report.css").read_text()


def security_policy(page: bytes = b"") -> str:
    """Return the Content-Security-Policy of a page: this style sheet, the fonts embedded in it, and nothing else."""
    embedded = FONTS.search(page)
    styles = [sheet().encode(), *([embedded[1]] if embedded else [])]
    allowed = " ".join(f"'sha256-{b64encode(hashlib.sha256(style).digest()).decode()}'" for style in styles)
    fonts = " font-src data:;" if embedded else ""
    return (
        f"default-src 'none'; style-src {allowed};{fonts} base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
