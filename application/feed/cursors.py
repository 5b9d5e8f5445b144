"""Cursors: positions on the log in the form that subscribers use."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

MOST_POSITION = 2**63 - 1
SEQUENCE = re.compile(r"[0-9]{1,20}")
EVENT_ID = re.compile(r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}):([0-9]{1,18})")
SOURCE = re.compile(r"(?:/logs/)?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


class CursorMalformed(Exception):
    """A cursor is an event's `id` or its `sequence`; 0 is before the first event, `now` after the last."""


class SourceMalformed(Exception):
    """A source is that of an event: /logs/ and the id of a log."""


class CursorGone(Exception):
    """The cursor is of another log, of which this one is a copy that went its own way."""

    def __init__(self, last_common: int) -> None:
        super().__init__(self.__doc__)
        self.last_common = last_common
        """The position of the last event that both logs have, as far as it is known."""


@dataclass(frozen=True)
class Cursor:
    """A point on the log: after an event or a position. Its log is known if the subscriber gave the source."""

    position: int | None = None
    event: tuple[UUID, int] | None = None
    log: UUID | None = None


NOW = Cursor()


def cursor(text: str, source: str | None = None, may_see: Collection[UUID] | None = None) -> Cursor:
    """Parse the cursor of a subscriber who may see the plans `may_see`; None stands for all plans.

    An event of another plan is treated like one that never existed, as a cursor beyond the end of any log. Raises
    `CursorMalformed`, `SourceMalformed`.
    """
    from_log = SOURCE.fullmatch(source) if source else None
    if source and not from_log:
        raise SourceMalformed(SourceMalformed.__doc__)
    log = UUID(from_log[1]) if from_log else None
    event = EVENT_ID.fullmatch(text)
    if event:
        plan_id = UUID(event[1])
        if may_see is not None and plan_id not in may_see:
            return Cursor(MOST_POSITION, log=log)
        return Cursor(event=(plan_id, int(event[2])), log=log)
    if SEQUENCE.fullmatch(text) and int(text) <= MOST_POSITION:
        return Cursor(int(text), log=log)
    if text == "now":
        return NOW
    raise CursorMalformed(CursorMalformed.__doc__)
