"""Style sheets, scripts and pictures of the pages: an explicit list, compressed in advance, each with its hash in its
address.

Each style sheet is a file in `static/css`; together they are served as one. `layers.css` defines the order of layers.
"""

import gzip
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha384
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SHEETS = (
    "layers",
    "reset",
    "tokens",
    "page",
    "navigation",
    "tables",
    "values",
    "forms",
    "timebar",
    "figures",
    "map",
    "grid",
    "review",
    "promises",
    "findings",
    "canvas",
    "program",
    "utilities",
    "print",
)
"""The style sheets, in the order in which they are joined."""

SCRIPTS = ("htmx.min", "hotkeys", "live", "palette", "review", "sent_once", "timebar")
"""Each script is loaded separately and does one thing. All pages work without scripts."""

FOR_EVER = "public, max-age=31536000, immutable"
MEDIA_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """A file that is served unchanged."""

    name: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        """The SHA-384 of the file, as an `integrity` attribute contains it."""
        return urlsafe_b64encode(sha384(self.content).digest()).decode()

    @cached_property
    def address(self) -> str:
        stem, _, ending = self.name.rpartition(".")
        return f"/assets/{stem}.{self.digest[:16]}.{ending}"


def _read(folder: str, name: str) -> bytes:
    return files("adapters.web").joinpath("static", folder, name).read_bytes()


@cache
def assets() -> dict[str, Asset]:
    """Return every asset by its name without the hash."""
    sheet = b"\n".join(_read("css", f"{name}.css") for name in SHEETS)
    found = [Asset("pages.css", sheet), Asset("icon.svg", _read("pictures", "icon.svg"))]
    found += [Asset(f"{name}.js", _read("js", f"{name}.js")) for name in SCRIPTS]
    return {asset.name: asset for asset in found}


def address_of(name: str) -> str:
    """Return the address of an asset. Raises `KeyError` if it is not on the list."""
    return assets()[name].address


def asset_routes() -> list[Route]:
    """Return the routes of the assets. They are open to everybody, because no asset contains data."""
    by_address = {asset.address: (asset, gzip.compress(asset.content, mtime=0)) for asset in assets().values()}

    async def read_asset(request: Request) -> Response:
        found = by_address.get(request.scope["path"])
        if found is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        asset, compressed = found
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        content, media_type = asset.content, MEDIA_TYPES[asset.name.rpartition(".")[2]]
        if "gzip" in request.headers.get("accept-encoding", ""):
            content, headers = compressed, headers | {"Content-Encoding": "gzip"}
        return Response(content, headers=headers, media_type=media_type)

    return [Route("/assets/{name}", read_asset, methods=["GET"], name="asset")]
