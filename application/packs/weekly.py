"""The weekly list, which a team goes through in ten minutes."""

from datetime import date

from pydantic import BaseModel, Field

from application.findings.examined import Examined
from application.packs.pack import WEEK, Pack, called, heading_of, held, reason_of, shown
from application.packs.promises import Dated, in_the_days, promised, scheduled
from domain.account_plan.goals import Goal
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.play_states import PlayBlocked
from domain.account_plan.plays import Play
from domain.account_plan.requests import Request, RequestState
from domain.account_plan.reviews import ReviewKind

MINUTES = 10


class NextStep(BaseModel):
    """An open opportunity and its next step."""

    opportunity: str
    name: str
    stage: str
    close_on: date
    what: str | None = Field(description="Null where nobody said what is next.")
    owner: str | None
    due_on: date | None
    overdue: bool


class Blocked(BaseModel):
    """A play that is blocked."""

    id: str
    title: str
    owner: str
    due_on: date
    since_on: date
    reason: str | None
    prerequisites: list[str]


class LastTime(BaseModel):
    """The last held review, and the decisions taken at it."""

    id: str
    kind: ReviewKind
    held_on: date
    topics: list[str]
    decisions: list[str]
    notes: str | None


class Asked(BaseModel):
    """A request to another department that waits, or was delivered this week."""

    id: str
    statement: str
    owner: str
    state: RequestState
    member: str | None = Field(description="Who answered it.")
    goal: str | None
    opportunity: str | None
    serves: list[str] = Field(description="The names of the goal and the opportunity that it is for.")
    delivered_on: date | None


class WeeklyPack(Pack):
    """What is overdue, what is due this week, the next steps, and what is blocked."""

    minutes: int
    until_on: date
    overdue: list[Dated] = Field(description="Promises and requests, the oldest first.")
    due: list[Dated] = Field(description="What is due, and what takes place, in the next seven days.")
    next_steps: list[NextStep] = Field(description="Of open opportunities, those without a step first.")
    blocked: list[Blocked]
    asked: list[Asked]
    last_time: LastTime | None = Field(description="The review held last, of whichever kind.")


def weekly(at: Examined) -> WeeklyPack:
    """Return the list of a plan at a cut, for the week that begins on its day."""
    overdue = sorted((each for each in promised(at) if each.overdue), key=lambda each: each.on)
    last = next(reversed(held(at)), None)
    due = in_the_days((each for which in (promised, scheduled) for each in which(at)), at.day, WEEK)
    return WeeklyPack.model_validate(
        heading_of("weekly", at)
        | {
            "minutes": MINUTES,
            "until_on": at.day + WEEK,
            "overdue": overdue,
            "due": [each for each in due if not each.overdue],
            "next_steps": sorted(_next_steps(at), key=lambda each: each.due_on or date.min),
            "blocked": [_blocked(each, at) for each in at.plan.open(Play) if each.state == "blocked"],
            "asked": [shown(Asked, each, serves=_served_by(each, at)) for each in _asked(at)],
            "last_time": shown(LastTime, last) if last else None,
        }
    )


def _asked(at: Examined) -> list[Request]:
    """Yield the requests that wait, and those delivered in the previous week."""
    requests = at.plan.all(Request).values()
    return [each for each in requests if each.is_waiting or (each.delivered_on and each.delivered_on > at.day - WEEK)]


def _served_by(request: Request, at: Examined) -> list[str]:
    """Return what a request is for, by name."""
    goal, opportunity = request.goal, request.opportunity
    served = [called(at.plan.find(Goal, goal), goal)] if goal else []
    return [*served, called(at.plan.find(Opportunity, opportunity), opportunity)] if opportunity else served


def _next_steps(at: Examined) -> list[NextStep]:
    steps = []
    for each in at.plan.open(Opportunity):
        step = each.next_best_action
        steps.append(
            NextStep(
                opportunity=each.id,
                name=each.name,
                stage=each.stage,
                close_on=each.close_on,
                what=step.statement if step else None,
                owner=step.owner if step else None,
                due_on=step.due_on if step else None,
                overdue=step is None or step.due_on < at.today,
            )
        )
    return steps


def _blocked(play: Play, at: Examined) -> Blocked:
    about = at.about(play)
    return Blocked(
        id=play.id,
        title=play.title,
        owner=play.owner,
        due_on=play.due_on,
        since_on=at.day_of(next(each for each in reversed(about) if isinstance(each.event, PlayBlocked))),
        reason=reason_of(about, PlayBlocked),
        prerequisites=list(play.prerequisites),
    )
