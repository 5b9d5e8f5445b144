"""References that hold none of our code: what a user of the framework or of the library would write.

`python -m tests.bench.bare PORT fastapi|library|asgi [BYTES]`, with the library's settings in the environment.
"""

import sys
from datetime import date
from pathlib import Path
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field


class AddAction(BaseModel):
    """The body that the commands of the benchmark send."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = Field(None, max_length=64)
    statement: str = Field(min_length=1, max_length=2_000)
    kind: Literal["task", "touch", "coordination", "kick_off"]
    owner: str = Field(min_length=1, max_length=128)
    due_on: date


def fastapi(ready: bytes) -> FastAPI:
    """Return an application with a POST that checks its body, a GET of ready bytes, and a hello."""
    app = FastAPI()

    @app.post("/v1/plans/{plan}/add-action")
    async def add_action(plan: str, body: AddAction) -> dict[str, Any]:
        return {"plan_id": plan, "version": 1, "position": 1, "id": body.id, "events": [], "warnings": []}

    @app.get("/bytes")
    async def ready_bytes() -> Response:
        return Response(ready, media_type="application/json")

    @app.get("/hello")
    async def hello() -> dict[str, str]:
        return {"status": "ok"}

    return app


def library() -> FastAPI:
    """Return the library's application behind the framework. Each command has a thread, because its calls block."""
    from eventsourcing.application import AggregateNotFoundError, Application
    from eventsourcing.domain import Aggregate, event

    class Plan(Aggregate):
        @staticmethod
        def create_id(name: str) -> Any:
            return uuid5(NAMESPACE_URL, name)

        def __init__(self, name: str) -> None:
            self.name = name
            self.actions: list[str] = []

        @event("ActionAdded")
        def add_action(self, statement: str, kind: str, owner: str, due_on: str) -> None:
            self.actions.append(f"{statement} ({kind}), {owner}, {due_on}")

    plans = Application[Any](env={"AGGREGATE_CACHE_MAXSIZE": "1000"})
    app = FastAPI()

    @app.post("/v1/plans/{plan}/add-action")
    def add_action(plan: str, body: AddAction) -> dict[str, Any]:
        try:
            found: Any = plans.repository.get(Plan.create_id(plan))
        except AggregateNotFoundError:
            found = Plan(plan)
        found.add_action(body.statement, body.kind, body.owner, body.due_on.isoformat())
        plans.save(found)
        return {"plan_id": plan, "version": found.version, "events": [], "warnings": []}

    return app


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Answer with as little as a server can be asked for."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


if __name__ == "__main__":
    port, what, *ready = sys.argv[1:]
    app: Any = {"fastapi": lambda: fastapi(Path(ready[0]).read_bytes()), "library": library, "asgi": lambda: asgi}[
        what
    ]()
    uvicorn.Server(uvicorn.Config(app, "127.0.0.1", int(port), log_config=None, access_log=False, ws="none")).run()
