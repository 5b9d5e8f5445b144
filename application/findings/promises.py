"""Rules about promises: late or vague ones, milestones without a calendar entry, and the number of plays."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from application.findings.examined import Examined
from application.findings.finding import Found, Remedy, remedy
from application.findings.sentences import called, counted, listed, percent
from domain.account_plan.actions import Action
from domain.account_plan.plays import Play
from domain.account_plan.promises import Promise
from domain.vagueness import is_vague


def overdue_promise(at: Examined) -> Iterator[Found]:
    for promise in at.open_promises:
        last = promise.overdue_after
        if last and at.is_overdue(promise):
            yield Found(
                f"The {promise.noun} {called(promise)} was due on {last}, and {promise.owner} has not finished it."
                " Finish it, move it, or drop it and say why.",
                last + timedelta(days=1),
                [promise],
                at.events([promise]),
                [_finish(promise, at), *_give_up(promise)],
                about=promise,
            )


def _finish(promise: Promise, at: Examined) -> Remedy:
    if isinstance(promise, Play):
        return remedy("win-play", "result", id=promise.id, finished_on=at.day)
    return remedy("complete-action", id=promise.id, finished_on=at.day)


def _give_up(promise: Promise) -> list[Remedy]:
    return [
        remedy(f"reschedule-{promise.noun}", "due_on", id=promise.id),
        remedy(f"drop-{promise.noun}", "reason", id=promise.id),
    ]


def vague_promise(at: Examined) -> Iterator[Found]:
    for promise in at.open_promises:
        words = "title" if isinstance(promise, Play) else "statement"
        if is_vague(getattr(promise, words)):
            yield Found(
                f"The {promise.noun} {called(promise)} names no object: nobody can tell on {promise.due_on} whether"
                f" {promise.owner} did it. Say what will be different, and for whom.",
                at.added_on(promise),
                [promise],
                at.events([promise]),
                [remedy(f"restate-{promise.noun}", words, id=promise.id)],
                about=promise,
            )


def milestones_not_held(at: Examined) -> Iterator[Found]:
    milestones = [each for each in at.open(Action) if each.kind == "milestone"]
    loose = [each for each in milestones if not each.calendar_hold]
    wanted = at.policy.milestones.held_share
    if milestones and Decimal(len(milestones) - len(loose)) < wanted * len(milestones):
        yield Found(
            f"{counted(len(loose), 'milestone')} of {len(milestones)} are in nobody's calendar"
            f" ({listed(map(called, loose))}); {percent(wanted)} should be. Hold the dates.",
            at.since(loose),
            loose,
            at.events(loose),
            [remedy("hold-date", id=each.id) for each in loose],
        )


def too_few_plays(at: Examined) -> Iterator[Found]:
    plays, least = at.open(Play), at.policy.plays.least
    if len(plays) < least:
        yield Found(
            f"{counted(len(plays), 'play is', 'plays are')} open; a plan works on at least {least}. Plan"
            f" {counted(least - len(plays), 'more play')}.",
            at.since(at.all(Play).values()),
            plays,
            at.events(plays),
            [remedy("plan-play", "title", "kind", "due_on", "success_measure", owner=at.card.owner)],
        )


def too_many_plays(at: Examined) -> Iterator[Found]:
    plays, most = at.open(Play), at.policy.plays.most
    if len(plays) > most:
        last = max(plays, key=lambda play: play.due_on)
        yield Found(
            f"{len(plays)} plays are open; more than {most} at a time are not worked on. Finish or drop"
            f" {len(plays) - most}: {called(last)} is due last, on {last.due_on}.",
            at.since(plays),
            plays,
            at.events(plays),
            [remedy("drop-play", "reason", id=last.id)],
        )
