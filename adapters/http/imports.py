"""Imports of tables over HTTP: a file is uploaded, then read and carried out in the background, while its status and
results can be asked for."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from adapters.exchange.imports.jobs import Imports, Job, TooManyImports
from adapters.exchange.imports.request import ImportRequest
from adapters.exchange.imports.results import Part
from adapters.exchange.imports.status import ImportStatus
from adapters.http.documentation import OTHER_PROBLEM, TEXT, problem_of
from adapters.http.guard import needs
from adapters.http.limits import TooManyRequests
from adapters.http.problems import FieldError, Rejected, field_error
from adapters.http.requests import caller_of, permission_of
from domain.language import shortened

MOST_MEGABYTES = 256
MOST_BYTES = MOST_MEGABYTES * 1_000_000
SECONDS_OF_AN_IMPORT = 5.0
"""After so long, as a rule, one of those under way is over."""
CHUNK_BYTES = 1 << 20
OPTIONS, FILE = "options", "file"
CSV = "text/csv"

OF_AN_IMPORT = Path(description="Of the import.")
OF_RESULTS = Path(description="`successful`, `failed` or `unprocessed`.")
PROBLEMS: dict[int | str, Any] = {
    401: problem_of("Say who you are."),
    403: problem_of("What you may do does not include this."),
    404: problem_of("You sent no such import, or it is over for a day."),
    429: problem_of("You call more often than you may; `Retry-After` says when to go on."),
    503: problem_of("The store is down or slow; try again."),
    "default": OTHER_PROBLEM,
}
SENT = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [OPTIONS, FILE],
                    "properties": {
                        OPTIONS: ImportRequest.model_json_schema(),
                        FILE: {"type": "string", "format": "binary", "description": "CSV or XLSX."},
                    },
                },
                "encoding": {OPTIONS: {"contentType": "application/json"}},
                "example": {OPTIONS: {"kind": "stakeholders", "plan": "halden-stores"}, FILE: "name,title,level\n…"},
            }
        },
    }
}


class TooManyUnderWay(TooManyRequests):
    """Too many imports are in progress, yours or everybody's: wait until one is over."""


def routes(imports: Imports) -> APIRouter:
    api = APIRouter(tags=["imports"])

    def mine(request: Request, id: str) -> Job:
        job = imports.of(caller_of(request), id)
        if job is None:
            raise Rejected(404, "unknown-import", f"There is no import “{shortened(id)}” of yours, or not any more.")
        return job

    @api.post(
        "/v1/imports",
        summary="Import a table: a dry run, unless `dry_run` is false",
        status_code=202,
        response_model=ImportStatus,
        responses={
            202: {"headers": {"Location": {"description": "Where its status is.", "schema": TEXT}}},
            413: problem_of(f"The file has more than {MOST_MEGABYTES} MB."),
            415: problem_of("The body is not multipart/form-data."),
            422: problem_of("The options are wrong."),
            **PROBLEMS,
        },
        openapi_extra={**SENT, **needs("command")},
    )
    async def import_table(request: Request) -> Response:
        """Each row becomes a command that its plan decides as if it had been sent alone, all under one correlation id.
        A row that cannot be read or is refused does not affect the others."""
        try:
            with imports.arriving(caller_of(request)):
                job = await arrived(request, imports)
                imports.start(job)
        except TooManyImports as error:
            raise TooManyUnderWay(SECONDS_OF_AN_IMPORT) from error
        headers = {"Location": f"/v1/imports/{job.status.id}"}
        return Response(job.status.model_dump_json(), 202, headers, media_type="application/json")

    @api.get(
        "/v1/imports/{id}",
        summary="How far an import has come",
        response_model=ImportStatus,
        responses=PROBLEMS,
        openapi_extra=needs("command"),
    )
    async def read_import(request: Request, id: Annotated[str, OF_AN_IMPORT]) -> Response:
        content = mine(request, id).status.model_dump_json()
        return Response(content, headers={"Cache-Control": "no-store"}, media_type="application/json")

    @api.get(
        "/v1/imports/{id}/{part}",
        summary="Its results as CSV: the rows that succeeded, failed, or were not carried out",
        response_class=FileResponse,
        responses={200: {"content": {CSV: {}}, "description": "The rows, with what came of each."}, **PROBLEMS},
        openapi_extra=needs("command"),
    )
    async def read_import_results(
        request: Request,
        id: Annotated[str, OF_AN_IMPORT],
        part: Annotated[Part, OF_RESULTS],
    ) -> FileResponse:
        file = imports.file(mine(request, id), part)
        if file is None:
            raise Rejected(404, "no-results-yet", "The results are there when the import is finished; ask its status.")
        return FileResponse(file, media_type=CSV, filename=f"{part}.csv", headers={"Cache-Control": "no-store"})

    return api


async def arrived(request: Request, imports: Imports) -> Job:
    """Return the import that was sent, its file in its place. Raises `Rejected`."""
    asked, file = await sent(request)
    job = imports.begin(caller_of(request), asked, permission_of(request).asked_by_threads())
    try:
        await run_in_threadpool(keep, file, job)
    except BaseException:
        imports.drop(job)
        raise
    finally:
        await file.close()
    return job


async def sent(request: Request) -> tuple[ImportRequest, UploadFile]:
    """Return the options and the file. Raises `Rejected`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        raise Rejected(415, "unsupported-media-type", "Send the options and the file as multipart/form-data.")
    if int(request.headers.get("content-length", "0")) > MOST_BYTES:
        raise too_large()
    try:
        form = await MultiPartParser(request.headers, bounded(request), max_files=1, max_fields=1).parse()
    except MultiPartException as error:
        raise Rejected(400, "malformed-form", f"The body is no multipart/form-data: {error.message}") from None
    file, options = form.get(FILE), form.get(OPTIONS)
    if not isinstance(file, UploadFile) or not isinstance(options, str):
        await form.close()
        detail = f"Send “{OPTIONS}” as JSON, and “{FILE}” with a file name."
        raise Rejected(422, "invalid-fields", detail, [FieldError(pointer=f"/{FILE}", detail="is missing")])
    try:
        return ImportRequest.model_validate_json(options), file
    except ValidationError as error:
        await form.close()
        wrong = [
            FieldError(pointer=f"/{OPTIONS}{each.pointer}", detail=each.detail)
            for each in (field_error(each, ImportRequest) for each in error.errors(include_url=False))
        ]
        raise Rejected(422, "invalid-fields", "Some options are wrong; see errors.", wrong) from None


async def bounded(request: Request) -> AsyncGenerator[bytes, None]:
    """Yield the body. Raises `Rejected` once it is too large."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            raise too_large()
        yield chunk


def too_large() -> Rejected:
    return Rejected(413, "file-too-large", f"A file may have {MOST_MEGABYTES} MB at most. Split it.")


def keep(file: UploadFile, job: Job) -> None:
    with job.file.open("wb") as kept:
        while chunk := file.file.read(CHUNK_BYTES):
            kept.write(chunk)
