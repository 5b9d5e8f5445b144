"""A row of a table is recognised when it is imported again, and the words in it refer to things of the plan."""

from uuid import UUID

import pytest

from application.imports.kinds import KINDS, Identities
from application.imports.references import Unresolved, resolved
from application.imports.rows import Row, Wrong
from tests.cases import for_each
from tests.histories import History, opened

IDENTITIES = Identities(b"secret")
PLAN, OTHER = UUID(int=1), UUID(int=2)


def id_of(kind: str, plan: UUID = PLAN, /, **body: object) -> tuple[str | None, str]:
    return IDENTITIES.of(KINDS[kind], plan, body)


def test_a_row_is_known_by_its_id_else_by_the_first_of_its_names_that_it_fills_in():
    assert id_of("stakeholders", id="cfo", email="eva@acme.example") == ("cfo", "id")
    assert id_of("stakeholders", crm_id="003D-1", email="eva@acme.example") == ("003D-1", "crm_id")
    assert id_of("stakeholders", crm_id="", email="eva@acme.example", name="Eva")[1] == "email"
    assert id_of("stakeholders", name="Eva", title="CFO")[1] == "name"
    assert id_of("touches", kind="call")[1] == "happened_on and kind and stakeholders and members and summary"
    assert id_of("stakeholders") == id_of("cells", unit="line-b") == (None, "")


def test_an_id_that_is_made_tells_no_name_and_is_the_same_for_the_same_words_in_any_case():
    id, _ = id_of("stakeholders", name="Eva Held")
    assert id == id_of("stakeholders", name="  eva   HELD ")[0]
    assert id == "s693703816303"
    assert len({id, *(id_of("stakeholders", **body)[0] for body in ({"name": "Eva"}, {"email": "Eva Held"}))}) == 3
    assert id_of("stakeholders", OTHER, name="Eva Held")[0] != id != Identities(b"x").of(
        KINDS["stakeholders"], PLAN, {"name": "Eva Held"}
    )[0]  # fmt: skip


@for_each(
    ("crm_id", "kept"),
    [("a" * 64, True), ("a" * 65, False), ("Opportunity/7", False), ("006-7_x.y", True), ("-7", False), ("7", True)],
)
def test_the_id_of_a_crm_is_kept_where_it_can_be_an_id_of_ours(crm_id, kept):
    assert (id_of("opportunities", crm_id=crm_id)[0] == crm_id) is kept


def test_a_row_that_makes_a_thing_names_others_and_one_that_goes_on_names_that_one_too():
    assert KINDS["portfolio"].opens_plans
    assert not KINDS["units"].opens_plans
    assert [name for name, kind in KINDS.items() if not kind.makes_things] == [
        name for name, kind in KINDS.items() if kind.command.needs != "new"
    ]
    assert KINDS["engagements"].references() == {
        "about": "stakeholder",
        "id": "opportunity",
        "stakeholders": "stakeholder",
    }
    assert "id" not in KINDS["opportunities"].references()
    assert KINDS["opportunities"].references()["unit"] == "unit"


UNIT = {"kind": "site", "buying_center": True}


def plan() -> History:
    history = opened()
    cfo = IDENTITIES.of(KINDS["stakeholders"], history.plan_id, {"email": "eva@acme.example"})[0]
    for command, body in (
        ("add-unit", {"id": "line-b", "name": "Line B", **UNIT}),
        ("add-unit", {"id": "u1", "name": "Twins", **UNIT}),
        ("add-unit", {"id": "u2", "name": "Twins", **UNIT}),
        ("add-stakeholder", {"id": cfo, "name": "Eva Held", "email": "eva@acme.example", "level": "executive"}),
        ("add-stakeholder", {"id": "coo", "title": "Chief Operating Officer", "level": "executive"}),
    ):
        history.on("2026-01-05", command, **body)
    return history


def read(history: History, kind: str, **body: object) -> dict[str, object]:
    return resolved(history.known.state, KINDS[kind], IDENTITIES, history.plan_id, body)


def test_a_thing_is_named_by_its_id_by_its_name_or_by_what_its_id_was_made_of():
    history = plan()
    cfo = next(id for id in history.known.state.kinds()[type(history.known.state.named("stakeholder", "coo"))])
    assert read(history, "opportunities", unit="line-b", name="x") == {"unit": "line-b", "name": "x"}
    assert read(history, "opportunities", unit="LINE b")["unit"] == "line-b"
    people = ["coo", "EVA HELD", "eva@acme.example", "chief operating officer"]
    assert read(history, "engagements", stakeholders=people)["stakeholders"] == [
        "coo", cfo, cfo, "coo",
    ]  # fmt: skip


def test_what_names_nothing_or_several_things_is_told_with_its_field():
    with pytest.raises(Unresolved, match="several are called \\(u1, u2\\)") as several:
        read(plan(), "opportunities", unit="twins")
    assert several.value.field == "unit"
    for said in ("Line", "Liné B"):
        with pytest.raises(Unresolved, match=f"there is no unit “{said}”"):
            read(plan(), "opportunities", unit=said)


def test_a_row_blames_the_column_that_a_field_was_read_from():
    row = Row(2, [], cells={"unit": ("Business unit", "Line")})
    assert row.blamed("unit", "is not there") == Wrong("Business unit", "is not there", "Line")
    assert row.blamed("name", "is empty") == Wrong("name", "is empty", None)
    assert row.blamed("", "is wrong") == Wrong(None, "is wrong", None)
    assert [str(row.blamed(field, "is wrong")) for field in ("unit", "")] == ["Business unit: is wrong", "is wrong"]
