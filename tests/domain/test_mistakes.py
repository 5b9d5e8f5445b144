"""Every value of the wrong shape is answered with a sentence of ours that says what is expected, and the nearest right
word."""

import json
from collections.abc import Iterator
from string import ascii_lowercase
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from adapters.http.access_events import AccessLogQuery
from adapters.http.feed import FeedPageQuery
from adapters.http.keys import NewKey
from adapters.http.portfolio import PortfolioParameters
from adapters.http.problems import pointer_to
from adapters.http.view_queries import PlanBlameQuery, PlanDiffQuery, PlanHistoryQuery
from application.webhooks.subscriptions import Replay, WebhookRequest
from domain.account_plan import COMMANDS
from domain.duplicate_keys import DuplicateKey, check_keys
from domain.mistakes import MOST_WORDS, PATTERNS, TOLD, counted, listed, nearest, predicate, sentence
from domain.program.policy import AdoptPolicy
from domain.registry import REGISTRY
from tests.cases import for_each
from tests.examples import spread

JUNK: list[Any] = [
    None, True, 3, -5, 3.7, 10**40, "", "x", "Jane Doe", "x" * 30_000, [], {}, [[]], [{}], [3], {"a": 1}, ["x"] * 200,
    "2026-13-45", "9999-01-01", "1e999", "0.1234567891234567891234", "\x00", 1861920000, {"id": 3, "idd": "x"},
]  # fmt: skip
LIBRARY = (
    "Input should", "String should", "Field required", "Extra inputs", "Value should", "Value error", "valid",
    "Decimal input", "Tuple should", "List should", "ctx", "Unable to",
)  # fmt: skip
PARAMETERS: list[type[BaseModel]] = [
    AccessLogQuery, PlanBlameQuery, PlanDiffQuery, PlanHistoryQuery, NewKey, PortfolioParameters, FeedPageQuery, Replay,
    WebhookRequest,
]  # fmt: skip
COMMANDS_OF_ALL: list[type[BaseModel]] = [command for type in REGISTRY.types for command in type.commands.values()]


def mistakes(model: type[BaseModel], said: Any) -> Iterator[Any]:
    try:
        model.model_validate_json(json.dumps(said))
    except ValidationError as error:
        yield from error.errors(include_url=False)


def said_of(model: type[BaseModel], said: Any) -> list[str]:
    return [sentence(each, model) for each in mistakes(model, said)]


def test_a_field_that_is_not_there_is_answered_with_the_nearest_or_with_those_there_are():
    class Part(BaseModel, extra="forbid"):
        first: int = 0
        second: int = 0

    class Nothing(BaseModel, extra="forbid"):
        pass

    class Maybe(BaseModel, extra="forbid"):
        some: list[Part] | None = None

    class Whole(BaseModel, extra="forbid"):
        part: Part = Part()
        nothing: Nothing = Nothing()
        maybe: Maybe | None = None

    (near,) = said_of(Whole, {"part": {"fisrt": 1}})
    assert near.endswith("is not a field here: did you mean “first”?")
    (far,) = said_of(Whole, {"part": {"zzzz": 1}})
    assert far.endswith("is not a field here, where there may be first and second.")
    (none,) = said_of(Whole, {"nothing": {"zzzz": 1}})
    assert none.endswith("is not a field here.")
    (above,) = said_of(Whole, {"parts": {}})
    assert above.endswith("did you mean “part”?")
    (below,) = said_of(Whole, {"maybe": {"some": [{}, {"zzzz": 1}]}})
    assert below.endswith("is not a field here, where there may be first and second.")


def test_where_there_are_25_fields_all_are_named_and_of_more_none():
    told = []
    for number in (MOST_WORDS, MOST_WORDS + 1):
        fields: Any = {f"field_{letter}": (int, 0) for letter in ascii_lowercase[:number]}
        (one,) = said_of(create_model("Some", __config__=ConfigDict(extra="forbid"), **fields), {"zzzz": 1})
        told.append(one.endswith("is not a field here."))
    assert (told, MOST_WORDS) == ([False, True], 25)


def test_of_25_words_all_are_told_and_of_more_the_three_nearest():
    told = []
    for number in (MOST_WORDS, MOST_WORDS + 1):
        expected = ", ".join(f"'item{letter}'" for letter in ascii_lowercase[:number])
        error: Any = {"type": "enum", "loc": ("x",), "input": "itemc", "ctx": {"expected": expected}}
        said = predicate(error).split(", and “itemc”")[0]
        told.append(("26 words, such as itemc" in said, said.count("item")))
    assert told == [(False, 25), (True, 3)]


@for_each(("words", "told"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_words_are_listed_as_they_are_spoken(words, told):
    assert listed(words) == told


def test_one_sign_and_one_entry_are_not_many():
    assert [counted(number, said) for number in (1, 2) for said in ("x", [])] == [
        "1 sign", "1 entry", "2 signs", "2 entries",
    ]  # fmt: skip


def test_a_key_that_is_wrong_is_named_where_it_stands_and_of_many_words_the_nearest_are():
    [rule] = mistakes(AdoptPolicy, adopting({"findings": {"stale-contract": {"severity": "alarm"}}}))
    assert pointer_to(rule["loc"]) == "/policy/findings/stale-contract"
    told = sentence(rule, AdoptPolicy)
    assert told.startswith("“stale-contract” must be one of 57 words, such as stale-contact, ")
    assert told.endswith("and “stale-contract” is none of them: did you mean “stale-contact”?")


def adopting(policy: dict[str, Any]) -> dict[str, Any]:
    return {"effective_on": "2026-01-05", "policy": policy, "reason": "Agreed"}


SAID = spread(JUNK, 6)


@pytest.mark.hypothesis
@for_each("model", [*COMMANDS_OF_ALL, *PARAMETERS], ids=lambda model: model.__name__)
def test_no_wording_of_a_library_reaches_whoever_said_something_wrong(model):
    for name, field in model.model_fields.items():
        for value in next(SAID):
            for mistake in mistakes(model, {field.alias or name: value}):
                assert mistake["type"] in {*TOLD, "extra_forbidden"}, mistake
                told = sentence(mistake, model)
                assert told[0] in "“W", told
                assert told.endswith((".", "?")), told
                assert not told.endswith("?."), told
                assert not [word for word in LIBRARY if word in told], told
                assert "Jane" not in told
                assert len(told) < 800, told


def test_null_in_any_field_of_any_command_is_read_or_answered_with_a_sentence():
    """Null stands for an empty list, which a field may forbid: it has no length to be told of."""
    told = {
        (model.__name__, name): said_of(model, {field.alias or name: None})
        for model in [*COMMANDS_OF_ALL, *PARAMETERS]
        for name, field in model.model_fields.items()
    }
    assert told["CommitList", "decided_by"][-1] == "“decided_by” must have 1 entry at least, and this is null."
    assert all(sentence.endswith((".", "?")) for said in told.values() for sentence in said)


def test_every_pattern_is_told_by_an_example():
    models = [*COMMANDS_OF_ALL, *PARAMETERS]
    patterns = {pattern for model in models for pattern in patterns_in(model.model_json_schema())}
    assert patterns <= PATTERNS.keys()
    assert patterns >= PATTERNS.keys() - {r"^[^\x00]*$", r"^[^@\s]+@[^@\s]+$"}  # pydantic leaves these out


def patterns_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str) and "not" not in schema:
            yield schema["pattern"]
        for each in schema.values():
            yield from patterns_in(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from patterns_in(each)


@for_each(
    ("command", "said", "told"),
    [
        ("open-plan", {"account": "x"}, "“account” is not a field here: did you mean “account_id”?"),
        ("open-plan", {"currency": "euro"}, "“currency” must be a currency by its three capital letters"),
        ("open-plan", {"tier": "strategik"}, "“strategik” is none of them: did you mean “strategic”?"),
        ("open-plan", {"tier": "Strategic"}, "did you mean “strategic”?"),
        (
            "open-plan",
            {"tier": 3},
            "“tier” must be one of strategic, growth, enterprise or standard, and this is a num",
        ),
        ("open-plan", {}, "“account_name” is missing."),
        ("plan-play", {"title": ["x"]}, "“title” must be text, and this is a list."),
        ("open-plan", {"account_name": "x" * 201}, "“account_name” may have 200 signs at most, and this has 201."),
        ("plan-play", {"due_on": "31.3.2026"}, "“due_on” must be a day such as 2026-03-31."),
        ("describe-account", {"employees": 2.5}, "“employees” must be a whole number, and this is a number."),
        ("describe-account", {"employees": -1}, "“employees” must be at least 0."),
        ("add-unit", {"buying_center": "yes"}, "“buying_center” must be true or false, and this is text."),
        ("log-touch", {"stakeholders": []}, "“stakeholders” must have 1 entry at least, and this has 0."),
        ("score-account", {"criteria": {"fitt": 3}}, "“fitt” is not a field here"),
        ("write-summary", {"addressable_spend": "1" * 21}, "“addressable_spend” may have 20 digits at most."),
    ],
)
def test_a_mistake_is_told_by_what_must_stand_there_what_was_read_and_the_nearest_word(command, said, told):
    assert [each for each in said_of(COMMANDS[command], said) if told in each], said_of(COMMANDS[command], said)


def test_the_nearest_word_is_found_whatever_its_spelling_and_none_is_made_up():
    words = ["plan-play", "due_on", "workshop"]
    assert [nearest(word, words) for word in ("plan_play", "Due-On", "worksop", "zebra", 3)] == [
        "plan-play", "due_on", "workshop", None, None,
    ]  # fmt: skip


def test_a_kind_of_mistake_that_nobody_has_thought_of_is_told_without_the_library():
    error: Any = {"type": "brand_new", "loc": ("x",), "msg": "Input should be brand new", "input": 3}
    assert predicate(error) == "is not what may stand here"


@for_each(
    ("text", "pointer"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "/a"),
        ('[{"a": {}}, {"body": {"id": 1, "x": [{"~/": 1, "~/": 1}]}}]', "/1/body/x/0/~0~1"),
        ('{"a": {"b": 1}, "a": {"c": 1, "c": 2}}', "/a"),
        ('{"\\u0061": 1, "a": 1}', "/a"),
        ('{"a": ' + "9" * 5_000 + ', "a": 1}', "/a"),
        ('{"a": NaN, "": 1, "": 2}', "/"),
    ],
)
def test_a_key_that_stands_twice_is_named_with_its_place(text, pointer):
    for written in (text, text.encode()):
        with pytest.raises(DuplicateKey) as error:
            check_keys(written)
        assert error.value.pointer == pointer
        assert "twice" in str(error.value)


@for_each("text", ['{"a": {"a": 1}, "A": 1}', "[]", "3", "{", '{"a"', "[" * 5_000, '{"a": 1, "a": 2'])
def test_no_key_stands_twice_where_none_does_and_what_is_no_json_is_left_to_others(text):
    check_keys(text)
