"""People are found in text by their names: whole words, in any case, with or without accents."""

from domain.account_plan import ACCOUNT_PLAN, EVENTS, fold
from domain.account_plan.entries import NoteWritten
from domain.account_plan.overview import Unit, UnitAdded, UnitRenamed
from domain.account_plan.stakeholders import StakeholderAdded
from domain.account_plan.standing import PowerRated
from domain.folding import folded
from domain.names import Names
from domain.things import name_field
from tests.cases import for_each
from tests.everything import SAID
from tests.given import OPENED
from tests.histories import opened

NAMES = Names(
    [
        ("cfo", "Dr. Frauke Müller"),
        ("coo", "Jane Anne Doe"),
        ("cto", "Kim Lee"),
        ("head", "Mark Price"),
        ("lead", "Łukasz Wójcik"),
        ("buyer", "Pat O’Brien"),
        ("twin", "Kim Novak"),
        ("board", "Ludwig van den Berg"),
        ("plant", "Li Wu"),
        ("japan", "山田太郎"),
        ("works", "Cher"),
        ("chair", "Jean-Luc Søe"),
        ("law", "Eva Held"),
        ("thai", "สมชาย ใจดี"),
        ("korea", "김철수"),
        ("tax", "Ivan Kovač"),
        ("hanoi", "阮文草 文草子"),
    ]
)


@for_each(
    ("text", "who"),
    [
        ("Call Frauke Müller about the tour", {"cfo"}),
        ("call FRAUKE MULLER", {"cfo"}),
        ("Call Mu\u0308ller, Frauke about the tour", {"cfo"}),
        ("Call Dr Müller’s office", {"cfo"}),
        ("Frauke says no", {"cfo"}),
        ("Jane Doe and Jane Anne Doe are one", {"coo"}),
        ("Doe, Jane", {"coo"}),
        ("Ask Anne", {"coo"}),
        ("Send it to Kim Lee", {"cto"}),
        ("Send it to Lee", {"cto"}),
        ("Novak (Kim) signs", {"twin"}),
        ("Lukasz Wojcik moved to Łódź", {"lead"}),
        ("O'Brien will not sign", {"buyer"}),
        ("Ludwig van den Berg and Mark Price", {"board", "head"}),
        ("van den Berg, Ludwig", {"board"}),
        ("Lunch with Li Wu", {"plant"}),
        ("明日、山田太郎に電話する", {"japan"}),
        ("cher@acme.example wrote", {"works"}),
        ("Frauke-Müller-Straße 3", {"cfo"}),
        ("Fr. Mueller ruft an", {"cfo"}),
        ("MUELLER signs", {"cfo"}),
        ("OBrien will not sign", {"buyer"}),
        ("JeanLuc wrote, jeanlucsoe@acme.example", {"chair"}),
        ("Ask Soee or Soee's boss: Soe", {"chair"}),
        ("Frau Held ruft an", {"law"}),
        ("Ms Price and Dr. Held", {"head", "law"}),
        ("โทรหาคุณสมชายพรุ่งนี้", {"thai"}),
        ("김철수에게 전화하기", {"korea"}),
        ("明日、文草子に電話する", {"hanoi"}),
        ("김 철수", {"korea"}),
        ("JaneDoe, jane_doe", {"coo"}),
        ("КОВАЧ, Ivan Kovac", {"tax"}),
    ],
)
def test_somebody_is_found_by_whole_words_of_their_name(text, who):
    assert NAMES.found_in(text) == who


@for_each(
    "text",
    [
        "The mullers grind the ore",
        "Kim signs",  # there are two
        "Mark the price in the offer",  # common words
        "The berg is in sight",
        "Li signs, Wu as well",  # too short alone
        "Cherry picking and cheroots",
        "The leeward side of the plant",
        "O. B. rien",
        "Doelen, Janes",
        "The price we mark down",  # a name the other way round, of common words
        "A held review",
        "Mr and Mrs, Dr. med.",
        "Mueslieimer, obriens",
        "การตลาด",
        "",
        "…",
    ],
)
def test_nobody_is_found_by_part_of_a_word_by_a_name_of_two_or_by_a_common_word(text):
    assert NAMES.found_in(text) == set()


SAME_PARTS = Names([("a", "Kim Anne Lee"), ("b", "Kim Anne Berg"), ("c", "Eva Lee"), ("d", "Eva Berg"), ("e", "Mark")])


@for_each(
    ("text", "who"),
    [
        ("Kim signs", set()),
        ("Kim Anne Lee signs", {"a"}),
        ("Lee, Kim Anne signs", {"a"}),
        ("Kim Lee signs", {"a"}),
        ("Lee, Kim signs", {"a"}),
        ("Kim Anne", set()),
        ("Anne Kim", set()),
        ("Eva Berg signs", {"d"}),
        ("kimlee wrote, evalee too", {"a", "c"}),
        ("Mark the price", set()),  # a name of one word that is common
    ],
)
def test_a_name_whose_parts_others_have_is_found_by_its_first_and_last_word_in_either_order(text, who):
    assert SAME_PARTS.found_in(text) == who


def test_of_three_words_the_first_and_the_last_are_enough_where_each_is_of_others_too():
    names = Names([("a", "Maria Anna Held"), ("b", "Maria Loe"), ("c", "Tom Held"), ("d", "Anna Loe")])
    assert names.found_in("Met Maria Held") == names.found_in("Met Held, Maria") == {"a"}
    assert names.found_in("Met Maria, then Tom, then Held") == {"c"}


def test_a_name_of_one_common_word_is_not_found_where_the_word_stands():
    assert Names([("a", "Mark")]).found_in("We mark the price") == set()


def test_of_common_words_a_name_the_other_way_round_is_found_with_the_one_between_them():
    names = Names([("a", "Mark Zoltan Price"), ("b", "Eva Zoltan")])
    assert names.found_in("Price, Mark Zoltan") == {"a"}
    assert names.found_in("The price we mark down") == set()


def test_a_name_in_a_script_without_spaces_is_found_by_each_part_that_nobody_else_has():
    names = Names([("one", "สมชาย ใจดี"), ("two", "สมชาย รักไทย"), ("three", "李 小明"), ("four", "王小明天")])
    assert names.found_in("โทรหาใจดีพรุ่งนี้") == {"one"}
    assert names.found_in("โทรหาสมชายพรุ่งนี้") == set()
    assert names.found_in("小明") == set()  # too short alone
    assert names.found_in("李小明") == {"three"}
    assert names.found_in("王小明天") == {"four"}


def test_the_same_person_under_two_names_is_one():
    names = Names([("coo", "Jane Doe"), ("coo", "Jane Roe")])
    assert names.found_in("Call Jane") == names.found_in("Call Roe") == {"coo"}


def test_where_nobody_has_a_name_nobody_is_found():
    assert not Names([])
    assert Names([]).found_in("Jane Doe") == set()


def test_names_are_made_again_only_when_somebody_was_written_to():
    plan = fold((OPENED, StakeholderAdded(id="cfo", name="Frauke Müller", level="executive")))
    names = plan.names
    noted = fold([NoteWritten(id="n", section="plan", text="x")], onto=plan)
    assert noted.names is names
    joined = fold([StakeholderAdded(id="coo", name="Jane Doe", level="executive")], onto=noted)
    assert joined.names.found_in("Jane and Frauke") == {"coo", "cfo"}
    assert noted.names.found_in("Jane and Frauke") == {"cfo"}


def test_names_kept_from_step_to_step_are_those_of_everybody_who_is_there():
    history = opened()
    state = history.known.state
    for when, command, body in SAID:
        history.on(when, command, **body)
        begun = state.version
        news = [record.event for record in history.known.records[begun:]]
        if ACCOUNT_PLAN.strikes(news):
            state = history.known.state
        else:
            state.names  # noqa: B018 - so that what follows is made of them
            state = fold(news, onto=state)
        assert vars(state.names) == vars(Names(state.people())), command


def test_a_thing_that_was_renamed_is_found_by_its_new_name_and_one_that_came_by_its_own():
    plan = fold((OPENED, UnitAdded(id="b", name="Line B", kind="site", buying_center=False)))
    assert [each.id for each in plan.called("unit", "name", "line b")] == ["b"]
    renamed = fold([UnitRenamed(id="b", name="Line C")], onto=plan)
    assert [[each.id for each in renamed.called("unit", "name", name)] for name in ("LINE C", "Line B")] == [["b"], []]
    grown = fold([UnitAdded(id="d", name="Line C", kind="site", buying_center=False)], onto=renamed)
    assert [each.id for each in grown.called("unit", "name", "Line C")] == ["b", "d"]


def test_with_another_name_a_thing_is_found_by_that_one():
    plan = fold((OPENED, UnitAdded(id="b", name="Line B", kind="site", buying_center=False)))
    assert [each.id for each in plan.called("unit", "name", "Line B")] == ["b"]
    other = plan.with_values(Unit, {"b": {"name": "Line C"}})
    assert [[each.id for each in other.called("unit", "name", name)] for name in ("Line C", "Line B")] == [["b"], []]
    assert [each.name for each in plan.all(Unit).values()] == ["Line B"]


def test_names_are_read_once_as_long_as_nobody_and_nothing_is_called_otherwise():
    jane = StakeholderAdded(id="coo", name="Jane Doe", level="executive")
    plan = fold((OPENED, jane, UnitAdded(id="b", name="Line B", kind="site", buying_center=False)))
    assert (plan.names.found_in("Jane Doe"), len([*plan.called("unit", "name", "Line B")])) == ({"coo"}, 1)
    for event in (NoteWritten(id="n", section="plan", text="Seen"), PowerRated(id="coo", power=3, former=None)):
        after = fold([event], onto=plan)
        assert vars(after)["names"] is plan.names
        assert vars(after)["_ids_by_name"] == vars(plan)["_ids_by_name"] != {}
    mended = EVENTS["StakeholderCorrected"].model_validate({"id": "coo", "name": "Jo Doe", "former": {"name": "Jane"}})
    after = fold([mended], onto=plan)
    assert ("names" in vars(after), after.names.found_in("Jo Doe")) == (False, {"coo"})


def test_things_found_by_name_from_step_to_step_are_those_found_by_looking_at_each():
    history = opened()
    state = history.known.state
    for when, command, body in SAID:
        begun = history.known.version
        history.on(when, command, **body)
        news = [record.event for record in history.known.records[begun:]]
        state = history.known.state if ACCOUNT_PLAN.strikes(news) else fold(news, onto=state)
        for kind, things in state.kinds().items():
            for thing in things.values():
                if field := name_field(thing.__dict__):
                    name = getattr(thing, field)
                    alike = [each for each in things.values() if folded(getattr(each, field) or "") == folded(name)]
                    assert list(state.called(kind.noun, field, name.upper())) == alike, command
