"""The contracts with subscribers, which anybody may read: the JSON schemas of events, and the AsyncAPI document."""

from functools import cache

from fastapi import APIRouter, Path, Response
from fastapi.concurrency import run_in_threadpool
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from adapters.events.asyncapi import document
from adapters.events.json_schemas import under_its_url
from adapters.http.documentation import OTHER_PROBLEM, problem_of
from adapters.http.guard import needs

SCHEMA_JSON = "application/schema+json"
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""Copies stay valid, because a released schema is never withdrawn."""
OPEN_TO_ALL = {"Access-Control-Allow-Origin": "*"}
"""Pages of other origins may read these documents too, because they are public."""

ASYNCAPI_JSON = "application/vnd.aai.asyncapi+json;version=3.0.0"


def routes(public_url: str, version: str) -> APIRouter:
    api = APIRouter(tags=["contracts"])

    @cache
    def ready(type: str) -> bytes:
        return to_json(under_its_url(type, public_url))

    @api.get(
        "/schemas/{type}.json",
        summary="The JSON Schema of a type of event",
        response_class=Response,
        responses={
            200: {"content": {SCHEMA_JSON: {}}, "description": "Of its `data`, as the feed sends it."},
            404: problem_of("There is no such type of event."),
            "default": OTHER_PROBLEM,
        },
        openapi_extra=needs("anybody"),
    )
    async def read_schema(
        type: str = Path(description="As in the event's `type`.", examples=["plantrail.play-planned.v1"]),
    ) -> Response:
        try:
            return Response(ready(type), headers=FOR_EVER | OPEN_TO_ALL, media_type=SCHEMA_JSON)
        except KeyError:
            raise HTTPException(404) from None

    @cache
    def asyncapi() -> bytes:
        return to_json(document(public_url, version))

    @api.get("/asyncapi.json", include_in_schema=False, openapi_extra=needs("anybody"))
    async def read_asyncapi() -> Response:
        return Response(await run_in_threadpool(asyncapi), headers=OPEN_TO_ALL, media_type=ASYNCAPI_JSON)

    return api
