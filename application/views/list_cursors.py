"""Cursors of lists: the point after which the next page begins."""

import base64
import re


class CursorUnknown(Exception):
    """This cursor does not come from this list."""


def cursor_after(version: int) -> str:
    """Return the cursor after an entry of a list that is ordered by version."""
    return base64.urlsafe_b64encode(f"v{version}".encode()).decode().rstrip("=")


def version_of(cursor: str) -> int:
    """Return the version in a cursor. Raises `CursorUnknown`."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        text = ""
    if not re.fullmatch(r"v[0-9]{1,9}", text):
        raise CursorUnknown(CursorUnknown.__doc__)
    return int(text[1:])
