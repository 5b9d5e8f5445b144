"""The one sheet of style of every page, and the leave it needs."""

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files


@cache
def sheet() -> str:
    return files("adapters.rendering").joinpath("templates/report.css").read_text()


@cache
def security_policy() -> str:
    """The Content-Security-Policy of a page: this sheet and nothing else, from nowhere."""
    digest = b64encode(hashlib.sha256(sheet().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
