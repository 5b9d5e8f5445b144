"""The style sheet of report pages, and the content policy that allows it."""

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files


@cache
def sheet() -> str:
    return files("adapters.rendering").joinpath("templates/report.css").read_text()


@cache
def security_policy() -> str:
    """Return the Content-Security-Policy of a page: this style sheet and nothing else."""
    digest = b64encode(hashlib.sha256(sheet().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
