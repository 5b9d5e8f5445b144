"""Rules about opportunities and goals, and about requests to other departments for their sake."""

from collections.abc import Iterator
from datetime import timedelta

from application.findings.examined import Examined
from application.findings.finding import Found, remedy
from application.findings.sentences import called, counted, days, listed, spaced
from domain.account_plan.goals import Goal
from domain.account_plan.opportunities import Opportunity, OpportunityLinks
from domain.account_plan.requests import Request, RequestAnswered, RequestDelivered

ANSWER_DAYS = 14
"""Days for which a request may wait for its answer."""

RISING_DAYS = 31
"""The days over which the number of unanswered requests is compared."""


def next_step_missing(at: Examined) -> Iterator[Found]:
    for each in at.open(Opportunity):
        step = each.next_best_action
        if step is None or at.is_past(step.due_on):
            was = f"the last one, of {step.owner}, was due on {step.due_on}" if step else "none was ever set"
            yield Found(
                f"The opportunity {called(each)} has no next step ahead: {was}. Set the next best action.",
                step.due_on + timedelta(days=1) if step else at.added_on(each),
                [each],
                at.events([each]),
                [
                    remedy(
                        "set-next-best-action",
                        "statement",
                        "due_on",
                        id=each.id,
                        owner=step.owner if step else at.card.owner,
                    )
                ],
                about=each,
            )


def goal_without_pipeline(at: Examined) -> Iterator[Found]:
    served = {each.goal for each in at.all(Opportunity).values() if each.state != "lost"}
    for goal in at.open(Goal):
        if goal.kind == "revenue" and goal.id not in served:
            loose = [each for each in at.open(Opportunity) if each.goal is None]
            yield Found(
                f"No opportunity, open or won, serves the goal {called(goal)}, due on {goal.due_on}: {goal.target:f}"
                f" {goal.unit} come from nowhere. Link one, or open one.",
                at.added_on(goal),
                [goal],
                at.events([goal]),
                [
                    *(remedy("relink-opportunity", id=each.id, **_links(each), goal=goal.id) for each in loose[:1]),
                    remedy("open-opportunity", "name", "amount", "stage", "close_on", source="plan", goal=goal.id),
                ],
                about=goal,
            )


def opportunity_without_goal(at: Examined) -> Iterator[Found]:
    goals = at.open(Goal)
    for each in at.open(Opportunity):
        if each.goal is None:
            yield Found(
                f"The opportunity {called(each)} serves no goal of the plan. Link it to one, or set the goal.",
                at.added_on(each),
                [each],
                at.events([each]),
                [remedy("relink-opportunity", id=each.id, **_links(each), goal=goal.id) for goal in goals[:1]]
                or [remedy("relink-opportunity", "goal", id=each.id, **_links(each))],
                about=each,
            )


def _links(opportunity: Opportunity) -> dict[str, str]:
    """Return the current links without the goal, because links are always given as a whole."""
    links = {name: getattr(opportunity, name) for name in OpportunityLinks.model_fields if name != "goal"}
    return {name: id for name, id in links.items() if id}


# Requests


def request_unanswered(at: Examined) -> Iterator[Found]:
    for each in at.open(Request):
        raised_on = at.added_on(each)
        if each.state == "raised" and at.is_after(raised_on, ANSWER_DAYS):
            yield Found(
                f"{spaced(each.function).capitalize()} has not answered {called(each)} since {raised_on}; at most"
                f" {days(ANSWER_DAYS)} may pass. {each.owner} has to press for an answer.",
                raised_on + timedelta(days=ANSWER_DAYS + 1),
                [each],
                at.events([each]),
                [remedy("answer-request", "decision", "member", id=each.id)],
                about=each,
            )


def custom_development_open(at: Examined) -> Iterator[Found]:
    asked = [each for each in at.all(Request).values() if each.kind == "custom_development"]
    now = [each for each in asked if each.state == "raised"]
    before = sum(_was_open(at, each) for each in asked)
    if len(now) > before:
        yield Found(
            f"{counted(len(now), 'request')} for custom development {'is' if len(now) == 1 else 'are'} unaccepted"
            f" ({listed(map(called, now))}); {RISING_DAYS} days ago there were {before}. Have them decided before"
            " the account waits for them.",
            max(map(at.added_on, now)),
            now,
            at.events(now),
            [remedy("answer-request", "decision", "member", id=each.id) for each in now],
        )


def _was_open(at: Examined, request: Request) -> bool:
    """Return whether a request was raised `RISING_DAYS` ago and neither answered nor delivered by then."""
    done = [record for record in at.about(request) if isinstance(record.event, RequestAnswered | RequestDelivered)]
    ended = [at.is_after(at.day_of(record), RISING_DAYS - 1) for record in done]
    return at.is_after(at.added_on(request), RISING_DAYS - 1) and not any(ended)


def advisory_board_unlinked(at: Examined) -> Iterator[Found]:
    for each in at.open(Request):
        if each.kind == "advisory_board" and each.is_waiting and not (each.goal or each.opportunity):
            yield Found(
                f"The seat on the advisory board, {called(each)}, serves no goal and no opportunity: nobody can tell"
                " what it is for. Ask for it anew with the goal it serves.",
                at.added_on(each),
                [each],
                at.events([each]),
                about=each,
            )
