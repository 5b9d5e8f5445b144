"""Previews: an aggregate as it would be after commands that are not carried out."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from application.aggregates.handle import CommandRefused
from application.aggregates.loaded import LoadedAggregate
from application.aggregates.pending import Done, PendingAggregate, with_id
from domain.aggregates import A
from domain.language import Command, Refusal
from domain.record import Recorded, Saying


def preview(
    known: LoadedAggregate[A], commands: Sequence[Command], at: datetime, actor: str, make_id: Callable[[], UUID]
) -> tuple[LoadedAggregate[A], list[Done]]:
    """Return the aggregate after the commands, and the outcome of each.

    Raises `CommandRefused` with the place of the first command that is refused.
    """
    pending, done = PendingAggregate(known), list[Done]()
    at = max([at, *(record.meta.recorded_at for record in known.records[-1:])])
    for place, command in enumerate(commands):
        try:
            done.append(pending.take(with_id(command, make_id), at, command_id=""))
        except Refusal as refusal:
            raise CommandRefused(place, refusal) from None
    news = [
        Recorded(
            known.id,
            version,
            known.position,
            Saying(recorded_at=at, actor=actor, reason=each.reason),
            each.event,
        )
        for version, each in enumerate(pending.to_record, known.version + 1)
    ]
    return known.with_news(news), done
