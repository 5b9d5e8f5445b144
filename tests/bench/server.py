"""The service to be measured, in a process of its own: `python -m tests.bench.server HOME PORT store|nothing`.

With `nothing` the same routes end in memory: what is left is the price of HTTP, checks and rules.  `/bytes` answers the
bytes of a current plan from nowhere.
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from adapters.access.callers import Development
from adapters.bootstrap.http_service import Reception, http_app, spare_the_collector
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import make_id, open_store, utc_now
from adapters.events.stored_format import MetaToRecord, as_written, encode
from adapters.observability import log_format as logs
from application.aggregates.handle import Aggregates
from application.aggregates.ports import Answer, Commit
from application.views.current_plan import current_plan
from application.views.cuts import cut_at
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import plan_id_of
from domain.record import Recorded


class Nowhere:
    """Keeps what is recorded in memory: no connection, no lock, no disk."""

    def __init__(self, known: Aggregates[AccountPlan]) -> None:
        self._known = known
        self._position = 0

    def read(self, plan_id: UUID, after: int = 0) -> Sequence[Recorded]:
        return self._known.remembered(plan_id).records[after:] or self._known.read(plan_id).records[after:]

    def append(self, commit: Commit) -> Sequence[Recorded]:
        recorded = []
        for version, each in enumerate(commit.events, commit.expected + 1):
            self._position += 1
            state = encode(commit.aggregate_id, version, each.event, MetaToRecord.of(each, commit.context), {})
            recorded.append(as_written(commit.aggregate_id, version, self._position, each.event, state))
        return recorded

    def answered(self, scope: bytes) -> Answer | None:  # noqa: ARG002
        return None

    def forget(self, plan_id: UUID, stakeholder: str) -> None:
        raise AssertionError(f"nobody is forgotten here, nor is {stakeholder} of {plan_id}")


def main(home: str, port: str, where: str) -> None:
    logs.set_up(as_json=True)
    with ExitStack() as stack:
        store = stack.enter_context(open_store(Settings(home=Path(home), database_url=None)))
        plans = Aggregates(ACCOUNT_PLAN, store.events, utc_now, make_id)
        if where == "nothing":
            store: Any = replace(store, events=Nowhere(plans))
        app = http_app(store, Reception(Development()), b"bench")
        known = plans.read(plan_id_of("bench-big"))
        content = to_json(current_plan(known, cut_at("now", known, utc_now())))

        async def answer(_: Request) -> Response:
            return Response(content, media_type="application/json")

        app.add_route("/bytes", answer)
        config = uvicorn.Config(app, "127.0.0.1", int(port), log_config=None, access_log=False)
        spare_the_collector()
        uvicorn.Server(config).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
