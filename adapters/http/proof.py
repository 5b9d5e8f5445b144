"""The log as a transparency log over HTTP: its checkpoint, its key, the tiles of its Merkle tree, and proofs.

Paths and contents follow C2SP tlog-tiles. Entries are not served, because they contain the events of all plans. A
caller who may read a plan's history receives the canonical bytes of an event together with its proof.
"""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from adapters.http.conditional import CACHING
from adapters.http.documentation import OTHER_PROBLEM, REQUEST_ID, problem_of
from adapters.http.guard import Needed, needs
from adapters.http.problems import Rejected
from adapters.http.requests import NoteRead
from application.proof.merkle import TILE_WIDTH
from application.proof.ports import LogTree, NoSuchEvent

CHECKPOINT_CACHING = {"Cache-Control": "private, max-age=1", "Vary": "Authorization"}
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable", "Vary": "Authorization"}
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
TILE = re.compile(r"(\d|[1-5]\d|6[0-3])/((?:x\d{3}/){0,5}\d{3})(?:\.p/([1-9]\d{0,2}))?")
EVENT_ID = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([1-9]\d{0,17})")
MOST_LEAVES = 2**63 - 1

RESPONSES: dict[int | str, Any] = {
    401: problem_of("Say who you are."),
    403: problem_of("You may not do this."),
    404: problem_of("There is no such thing in the tree, or not yet."),
    422: problem_of("A parameter is wrong."),
    503: problem_of("The store is down or slow; try again."),
    "default": OTHER_PROBLEM,
}


def for_those(right: Needed, media_type: str | None = None) -> dict[str, Any]:
    """Return the documentation of a route: the right it requires, and the media type of its answer if it is not
    JSON."""
    said = {"openapi_extra": {"parameters": [REQUEST_ID]} | needs(right), "responses": RESPONSES}
    if media_type is None:
        return said
    content = {media_type: {"schema": {"type": "string"}}}
    return said | {"response_class": Response, "responses": RESPONSES | {200: {"content": content}}}


class EventProved(BaseModel):
    """Proves that an event is in the log, to anybody who trusts the log's key (RFC 9162, 2.1.3.2)."""

    id: str
    index: int = Field(description="The index of its leaf, from 0. Positions on the feed have gaps, indexes have none.")
    leaf: str = Field(description="The hash of its leaf: SHA-256 of a byte 0 and the entry; base64.")
    entry: str = Field(
        description="Its canonical bytes: position, plan id, version, topic and state as stored, each after its"
        " length; base64."
    )
    hashes: list[str] = Field(description="The hashes from the leaf's neighbour up to the root; base64.")
    checkpoint: str = Field(description="The signed note with the tree's size and root.")
    key: str = Field(description="The verifier key of the signature; compare it with the one you know.")
    tlog_proof: str = Field(description="The same as one text, in the form of C2SP tlog-proof.")


class ConsistencyProved(BaseModel):
    """Proves that the tree of one size is the beginning of the tree of another (RFC 9162, 2.1.4.2)."""

    old: int
    new: int
    hashes: list[str] = Field(description="The hashes of the proof; base64.")


def routes(tree: LogTree, find: Callable[[Request, str], Awaitable[object]], note_read: NoteRead) -> APIRouter:
    """Return the routes. `find` raises if the caller may not know that a plan exists."""
    api = APIRouter(prefix="/v1", tags=["proof"])

    @api.get("/log/checkpoint", summary="The latest signed checkpoint of the log", **for_those("witness", TEXT))
    async def read_checkpoint() -> Response:
        latest = await run_in_threadpool(tree.latest)
        return Response(latest.note, headers=CHECKPOINT_CACHING, media_type=TEXT)

    @api.get("/log/key", summary="The key that verifies checkpoints of this log", **for_those("witness", TEXT))
    async def read_log_key() -> Response:
        latest = await run_in_threadpool(tree.latest)
        return Response(latest.key + "\n", headers=CACHING, media_type=TEXT)

    @api.get(
        "/log/consistency",
        response_model=ConsistencyProved,
        summary="Proof that the log only grew",
        **for_those("witness"),
    )
    async def read_consistency(
        from_: Annotated[
            int, Query(alias="from", ge=0, le=MOST_LEAVES, description="The size of an earlier checkpoint.")
        ],
        to: Annotated[
            int | None,
            Query(ge=0, le=MOST_LEAVES, description="The size of a later checkpoint; by default the latest."),
        ] = None,
    ) -> Any:
        latest = await run_in_threadpool(tree.latest)
        new = latest.size if to is None else to
        if not from_ <= new <= latest.size:
            raise Rejected(
                404, "no-such-proof", f"The log has {latest.size} events under its checkpoint: 0 ≤ from ≤ to ≤ that."
            )
        proof = await run_in_threadpool(tree.consistency, from_, new)
        return ConsistencyProved(old=from_, new=new, hashes=[_text(hash) for hash in proof])

    @api.get("/log/tile/{tile:path}", summary="A tile of the tree: `<L>/<N>[.p/<W>]`", **for_those("witness", BYTES))
    async def read_tile(
        tile: Annotated[
            str, Path(description="Level, number in groups of three digits (`x001/x234/067`), and width if not full.")
        ],
    ) -> Response:
        level, number, width = tile_named(tile)
        hashes = await run_in_threadpool(tree_tile, level, number, width)
        return Response(hashes, headers=FOR_EVER, media_type=BYTES)

    def tree_tile(level: int, number: int, width: int) -> bytes:
        hashes = tree.tile(level, number, width)
        if hashes is None:
            raise Rejected(404, "no-such-tile", "The tree of the latest checkpoint has no such tile.")
        return hashes

    @api.get(
        "/events/{id}/proof",
        response_model=EventProved,
        summary="Proof that an event is in the log",
        **for_those("audit"),
    )
    async def read_event_proof(
        request: Request, id: Annotated[str, Path(description="The event's id: `<plan id>:<version>`.")]
    ) -> Any:
        match = EVENT_ID.fullmatch(id)
        if match is None:
            raise Rejected(
                404, "no-such-event", "An event's id is its plan's id and its version: `<plan id>:<version>`."
            )
        await find(request, match[1])
        note_read(request, UUID(match[1]), f"version:{match[2]}")
        return await run_in_threadpool(proved, UUID(match[1]), int(match[2]))

    def proved(plan_id: UUID, version: int) -> EventProved:
        try:
            proof = tree.prove(plan_id, version)
        except NoSuchEvent as error:
            raise Rejected(404, "no-such-event", str(error)) from None
        return EventProved(
            id=f"{plan_id}:{version}",
            index=proof.leaf_index,
            leaf=_text(proof.leaf),
            entry=_text(proof.entry),
            hashes=[_text(hash) for hash in proof.hashes],
            checkpoint=proof.checkpoint.note,
            key=proof.checkpoint.key,
            tlog_proof=str(proof),
        )

    return api


def tile_named(path: str) -> tuple[int, int, int]:
    """Parse the path of a tile. Returns its level, its number and its width. Raises `Rejected`."""
    match = TILE.fullmatch(path)
    digits = match[2].replace("x", "").replace("/", "") if match else ""
    width = int(match[3] or TILE_WIDTH) if match else 0
    if path.startswith("entries/"):
        raise Rejected(
            404, "entries-not-served", "Entries hold what plans hold. An event's comes with /v1/events/{id}/proof."
        )
    if match is None or (len(digits) > 3 and digits.startswith("000")) or (match[3] and width >= TILE_WIDTH):
        raise Rejected(404, "no-such-tile", "A tile is named <L>/<N>, or <L>/<N>.p/<W>, as C2SP tlog-tiles has it.")
    return int(match[1]), int(digits), width


def _text(hash: bytes) -> str:
    return b64encode(hash).decode()
