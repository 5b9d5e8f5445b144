"""Rules about assumptions: value hypotheses and their proof, and counter-strategies against competitors."""

from collections.abc import Iterator

from application.findings.examined import Examined
from application.findings.finding import Found, remedy
from application.findings.sentences import called, counted, listed
from domain.account_plan.competition import Competitor
from domain.account_plan.hypotheses import Hypothesis
from domain.account_plan.overview import Unit
from domain.account_plan.plays import Play


def hypothesis_without_proof(at: Examined) -> Iterator[Found]:
    for each in at.open(Hypothesis):
        if not each.proof and not each.evidence:
            yield Found(
                f"The hypothesis {called(each)} rests on no reference, no ROI model, no benchmark, and nothing that was"
                " observed. Name its proof, or record evidence.",
                at.added_on(each),
                [each],
                at.events([each]),
                [
                    remedy("revise-hypothesis", "proof", id=each.id),
                    remedy("record-evidence", "observed", "supports", id=each.id),
                ],
                about=each,
            )


def too_few_hypotheses(at: Examined) -> Iterator[Found]:
    open_ones, least = at.open(Hypothesis), at.policy.hypotheses.least
    more = least - len(open_ones)
    if more > 0:
        yield Found(
            f"{counted(len(open_ones), 'value hypothesis is', 'value hypotheses are')} open; a plan tests at least"
            f" {least}. Propose {more} more.",
            at.since(at.all(Hypothesis).values()),
            open_ones,
            at.events(open_ones),
            [remedy("propose-hypothesis", "outcome", "metric", "unit", "expected")],
        )


def too_many_hypotheses(at: Examined) -> Iterator[Found]:
    open_ones, most = at.open(Hypothesis), at.policy.hypotheses.most
    if len(open_ones) > most:
        yield Found(
            f"{len(open_ones)} value hypotheses are open ({listed(map(called, open_ones))}); more than {most} at a time"
            f" are not tested. Decide {len(open_ones) - most} of them.",
            at.since(open_ones),
            open_ones,
            at.events(open_ones),
            [remedy("refute-hypothesis", "observed", id=each.id) for each in open_ones[:1]],
        )


def no_counter_strategy(at: Examined) -> Iterator[Found]:
    against = {play.competitor for play in at.open(Play)}
    for each in at.all(Competitor).values():
        entrenched = each.position == "entrenched" or (each.position is None and each.entrenched_in)
        if entrenched and not each.displacement_angle and each.id not in against:
            units = [unit for id in each.entrenched_in if (unit := at.plan.find(Unit, id))]
            where = f" in {listed(map(called, units))}" if units else ""
            yield Found(
                f"{each.name} is entrenched{where}, and there is neither an open play against it nor a way to displace"
                " it. Say what would, or plan a play.",
                at.since([each]),
                [each],
                at.events([each]),
                [
                    remedy(
                        "reassess-competitor",
                        "displacement_angle",
                        id=each.id,
                        **({} if each.position else {"position": "entrenched"}),
                    ),
                    remedy(
                        "plan-play",
                        "title",
                        "kind",
                        "due_on",
                        "success_measure",
                        owner=at.card.owner,
                        competitor=each.id,
                    ),
                ],
                about=each,
            )
