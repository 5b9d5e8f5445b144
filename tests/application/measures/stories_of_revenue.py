"""Stories about the measures of revenue: what accounts pay, and what was won."""

from tests.application.findings.stories import goal, opportunity
from tests.application.measures.stories import ONE_YEAR, Story, contract, held, play, won

MISTAKE = {"reason": "Entered by mistake"}

STORIES: list[Story] = [
    Story("arr", [contract("2026-02-28T22:59Z", "100")], {"2026-01": None, "2026-02": "100", "2026-03": "100"}),
    Story("arr", [contract("2026-02-28T23:00Z", "100")], {"2026-02": None, "2026-03": "100"}),  # March in Berlin
    Story(
        "net_retention",
        [*ONE_YEAR, contract("2027-01-31", "120"), contract("2027-02-01", "90")],
        {"2026-12": None, "2027-01": "1.2000", "2027-02": "0.9000"},
    ),
    Story(
        "net_retention",
        [contract("2026-02-28", "0"), contract("2027-01-31", "120")],
        {"2027-01": None, "2027-02": None},
    ),
    Story("net_retention", [contract("2027-01-31", "120")], {"2027-01": None}),
    *(
        Story("nrr_class", [*ONE_YEAR, contract("2027-01-31", arr)], {"2026-12": {}, "2027-01": {of: "1"}})
        for arr, of in (
            ("89.99", "under 90 %"),
            ("90", "90 to 100 %"),
            ("99.99", "90 to 100 %"),
            ("100", "100 to 110 %"),
            ("110", "100 to 110 %"),
            ("110.01", "over 110 %"),
        )
    ),
    Story(
        "nrr_migrations",
        [*ONE_YEAR, contract("2027-01-31", "120"), contract("2027-03-31", "80")],
        {"2027-01": {}, "2027-02": {}, "2027-03": {"over 110 % → under 90 %": "1"}, "2027-04": {}},
    ),
    Story(
        "arr_won",
        [
            opportunity(),
            won("deal", "2026-03-31"),
            ("2026-05-01", "reopen-opportunity", {"id": "deal", "reason": "Not signed"}),
        ],
        {"2026-02": "0", "2026-03": "80000", "2026-04": "0", "2026-05": "-80000"},
    ),
    Story(
        "arr_won_by_source",
        [
            opportunity(),
            opportunity("friend", source="referral"),
            won("deal", "2026-03-31"),
            won("friend", "2026-03-31", "5"),
        ],
        {"2026-02": {}, "2026-03": {"plan": "80000", "referral": "5"}, "2026-04": {}},
    ),
    Story("attributable_arr", [opportunity(), won("deal", "2026-03-02")], {"2026-03": "80000", "2026-04": "0"}),
    *(
        Story(measure, [opportunity("deal", "2026-03-02"), won("deal", "2026-03-09", won_on=won_on)], {"2026-03": of})
        for measure, won_on, of in (  # opened when it was won, or only afterwards
            ("attributable_arr", "2026-03-02", "80000"),
            ("attributable_arr", "2026-03-01", "0"),
            ("claimed_arr", "2026-03-02", "0"),
            ("claimed_arr", "2026-03-01", "80000"),
        )
    ),
    Story("attributable_arr", [opportunity(source="inbound"), won("deal", "2026-03-02")], {"2026-03": "0"}),
    Story(
        "attributable_arr",  # linked at a review before
        [goal(), opportunity(source="inbound", goal="triple"), held("R1", "2026-02-02"), won("deal", "2026-03-02")],
        {"2026-03": "80000"},
    ),
    Story(
        "attributable_arr",  # linked, but no review was held before it was won
        [goal(), opportunity(source="inbound", goal="triple"), won("deal", "2026-03-02"), held("R1", "2026-03-03")],
        {"2026-03": "0"},
    ),
    *(
        Story(  # the review was held on the day of the win, or only afterwards though the win was recorded later
            "attributable_arr",
            [
                goal(),
                opportunity(source="inbound", goal="triple"),
                held("R1", "2026-03-02"),
                won("deal", "2026-03-09", won_on=won_on),
            ],
            {"2026-03": planned},
        )
        for won_on, planned in (("2026-03-02", "80000"), ("2026-03-01", "0"))
    ),
    Story(
        "attributable_arr",  # what was entered by mistake is taken off when that is said, as of what was won
        [opportunity(), won("deal", "2026-03-02"), ("2026-04-01", "withdraw-opportunity", MISTAKE | {"id": "deal"})],
        {"2026-03": "80000", "2026-04": "-80000", "2026-05": "0"},
    ),
    Story(
        "arr_won",
        [opportunity(), won("deal", "2026-03-02"), ("2026-04-01", "withdraw-opportunity", MISTAKE | {"id": "deal"})],
        {"2026-03": "80000", "2026-04": "-80000", "2026-05": "0"},
    ),
    *(
        Story(  # without its review it was not planned, and it is linked all the same
            measure,
            [
                goal(),
                opportunity(source="inbound", goal="triple"),
                held("R1", "2026-03-01"),
                won("deal", "2026-03-02"),
                ("2026-04-01", "withdraw-review", MISTAKE | {"id": "R1"}),
            ],
            {"2026-03": was, "2026-04": becomes, "2026-05": "0"},
        )
        for measure, was, becomes in (("attributable_arr", "80000", "-80000"), ("claimed_arr", "0", "80000"))
    ),
    *(
        Story(  # the day of the win was mistyped
            "attributable_arr",
            [
                goal(),
                opportunity(source="inbound", goal="triple"),
                held("R1", "2026-03-02"),
                won("deal", "2026-03-09", won_on="2026-03-01"),
                ("2026-04-01", "correct-opportunity", {"id": "deal", "won_on": won_on, "reason": "Mistyped"}),
            ],
            {"2026-03": "0", "2026-04": late},
        )
        for won_on, late in (("2026-03-02", "80000"), ("2026-02-28", "0"))
    ),
    Story(
        "attributable_arr",  # by a play
        [
            opportunity(source="inbound"),
            play("tour", opportunity="deal"),
            held("R1", "2026-02-02"),
            won("deal", "2026-03-02"),
        ],
        {"2026-03": "80000"},
    ),
    Story(
        "claimed_arr",
        [
            goal(),
            opportunity(source="inbound"),
            won("deal", "2026-03-02"),
            opportunity("next", source="inbound", goal="triple"),
            won("next", "2026-03-02", "5"),
            opportunity("other", source="inbound"),
            won("other", "2026-03-02", "7"),
        ],
        {"2026-02": "0", "2026-03": "5", "2026-04": "0"},
    ),
    Story(
        "discount",
        [
            opportunity(),
            opportunity("small"),
            opportunity("none"),
            won("deal", "2026-03-31", "300", discount="0.1"),
            won("small", "2026-03-31", "100", discount="0.5"),
            won("none", "2026-03-31", "600"),
        ],
        {"2026-02": None, "2026-03": "0.2000", "2026-04": None},
    ),
    Story(
        "cycle_days",
        [
            *(opportunity(id, "2026-02-01") for id in ("a", "b", "c", "d")),
            won("a", "2026-03-31", won_on="2026-02-11"),
            won("b", "2026-03-31", won_on="2026-02-12"),
            won("c", "2026-04-01", won_on="2026-02-21"),
            won("d", "2026-04-01", won_on="2026-01-31"),  # before it was on record
        ],
        {"2026-02": None, "2026-03": "10.5", "2026-04": "10"},
    ),
]
