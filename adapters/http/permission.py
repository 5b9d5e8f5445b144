"""Permissions: what let a request in is checked again as long as its answer is being sent."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic

from anyio import CancelScope
from starlette.types import Message, Send

from adapters.access.callers import Callers, CallerUnknown
from adapters.http.whole_answers import BEGINS
from application.aggregates.access import Caller, CallerNotAllowed, Right, check_right
from application.aggregates.ports import StoreUnavailable

SECONDS_BETWEEN_LOOKS = 0.2
"""Seconds between two checks of the permission of an answer that has nothing to send at the moment."""
SECONDS_GOOD = 0.2
"""Seconds for which the permission found at the start of a request is trusted."""

SECONDS_TO_ASK = 10.0
"""Seconds within which the loop answers a thread that asks."""

ENDED = (CallerUnknown, CallerNotAllowed, StoreUnavailable)
"""What `Permission.check` raises."""

CHANGED = "What you may do has changed while this was being answered: ask again."


class PermissionEnded(Exception):
    """The caller's permission ended while the answer was being sent. The answer is cut off."""

    def __init__(self, problem: Exception | None = None) -> None:
        """`problem` is the answer to give instead if the answer has not begun."""
        super().__init__(type(self).__doc__)
        self.problem = problem


class Permission:
    """The permission of a caller to receive an answer. It ends when their key, token or right ends, or their plans
    change."""

    def __init__(self, lasting: "LastingAnswers", headers: Mapping[str, str], caller: Caller, right: Right) -> None:
        self._lasting = lasting
        self._headers = headers
        self._right = right
        self._good_until = monotonic() + SECONDS_GOOD
        self.caller = caller

    async def check(self) -> None:
        """Raise `CallerUnknown`, `CallerNotAllowed` or `StoreUnavailable` if the permission has ended."""
        caller = await self._lasting.callers.identify(self._headers)
        check_right(caller.role, self._right)
        if caller != self.caller:
            raise CallerNotAllowed(CHANGED)

    async def holds(self) -> bool:
        try:
            await self.check()
        except ENDED:
            return False
        return True

    def asked_by_threads(self) -> Callable[[], bool]:
        """Return what a thread asks whether the permission holds, also after the request was answered."""
        loop = asyncio.get_running_loop()
        return lambda: asyncio.run_coroutine_threadsafe(self.holds(), loop).result(SECONDS_TO_ASK)

    @contextmanager
    def lasting(self) -> Iterator[CancelScope]:
        """Cancel the work in this context within a fraction of a second after the permission has ended."""
        with self._lasting.cancelled_unless_it_holds(self) as scope:
            yield scope

    def before_every_part(self, send: Send) -> Send:
        """Return a `send` that checks the permission before each part of an answer, except in the first moment.

        It raises `PermissionEnded`.
        """

        async def checked(message: Message) -> None:
            if monotonic() > self._good_until:
                if message["type"] in BEGINS:
                    await self._check_before_it_begins()
                elif message.get("body") and not await self.holds():
                    raise PermissionEnded
            await send(message)

        return checked

    async def _check_before_it_begins(self) -> None:
        try:
            await self.check()
        except ENDED as error:
            raise PermissionEnded(error) from None


class LastingAnswers:
    """All answers that take long to send. One task checks their permissions. An instance belongs to one event loop."""

    def __init__(self, callers: Callers) -> None:
        self.callers = callers
        self._scopes: dict[CancelScope, Permission] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def cancelled_unless_it_holds(self, permission: Permission) -> Iterator[CancelScope]:
        with CancelScope() as scope:
            self._scopes[scope] = permission
            self._looking = self._looking or asyncio.create_task(self._look())
            try:
                yield scope
            finally:
                del self._scopes[scope]
                if not self._scopes:
                    self._looking.cancel()
                    self._looking = None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            for scope, permission in list(self._scopes.items()):
                if not await permission.holds():
                    scope.cancel()
