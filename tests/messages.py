"""Every sentence and word of the pages, and the German catalogue.

`python -m tests.messages` updates `adapters/web/catalogue/de.po`: it adds new messages without a translation and
removes unused ones.
"""

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, get_args

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as BabelMessage
from babel.messages.pofile import read_po, write_po
from jinja2 import nodes

from adapters.exchange.fields import kind_of, meaning_of
from adapters.http.resources import RESOURCES
from adapters.rendering.findings import SIGNALS
from adapters.rendering.packs.annual import LABELS
from adapters.rendering.packs.qbr import CHECKS
from adapters.rendering.wording import FLAGS, NUMBERS
from adapters.rendering.words import SCALES, spaced
from adapters.web.errors import STATUS
from adapters.web.filled_in import FILLED_IN, PLACE, tells
from adapters.web.findings.presenter import COUNTED
from adapters.web.forms.form import shown_fields
from adapters.web.plan.columns import COLUMNS
from adapters.web.templates import environment
from application.aggregates.access import ROLES
from application.aggregates.erasures import KEPT, PURGED
from application.findings.program import PROGRAM_RULES
from application.findings.registry import RULES
from application.measures.month_end import GROUPINGS
from application.measures.registry import MEASURES
from application.reports.blind_spots import What
from application.reports.outcomes import Flag, Outcome
from application.views.by_section import plural
from application.views.thing_comparison import OF_THEIR_OWN
from application.webhooks.attempts import REASONS
from application.webhooks.endpoints import State
from domain.account_plan.standing import AttitudeWord
from domain.language import Refusal
from domain.program.limits import DEFAULT_POLICY, Severity
from domain.vagueness import VAGUE
from tests.places import ROOT

WEB = ROOT / "adapters" / "web"
GERMAN = WEB / "catalogue" / "de.po"

WORD = re.compile("[A-Za-z]{2}")
SCALE_WORDS = [word for scale in SCALES.values() for word in scale.values()]
ENDING = re.compile(r"(was|has|were) [a-z ]*[a-z]|is done")

DOCUMENT: Mapping[str, Collection[int | str]] = {
    "Table": (0, 3, "caption", "empty"),
    "Column": (0, "title"),
    "Section": (1, "title"),
    "Fact": (0, 2, "label", "note"),
    "Sentence": (0, "text"),
    "Figure": (0, 1, "caption"),
    "Cell": (0, 1, "text", "note"),
}
"""The parts of a document that contain our own words, and where."""

NOT_ON_PAGES = (
    "charts", "document", "embedded_fonts", "fonts", "glyphs", "markdown", "measures", "month_report", "one_page",
    "page", "pdf", "pool", "slides", "streamed", "style", "worker",
)  # fmt: skip
"""Modules of the reports that no page shows."""

SENTENCES = "from application.findings.sentences import"
"""The import that marks a module with sentences of findings."""

TABLES: Mapping[str, int | None] = {
    "plan.presenter.PAGES": 1,
    "program.pages.PAGES": 1,
    "settings.tabs.PAGES": 1,
    "settings.handovers.WHY": None,
    "settings.records.VIEWS": None,
    "settings.sessions.METHODS": None,
    "settings.calendars.CONTENTS": None,
    "packs.pages.NAMES": None,
    "packs.pages._WHOM": None,
    "program.rounds.RESULT_STATES": 0,
    "program.overview.PHASE_STATES": 0,
    "promises.presenter._LABELS": None,
    "promises.presenter._VERBS": None,
    "review.presenter.WORDS": None,
}
"""Tables of the pages whose words are looked up by name; for rows, the index of the word."""


class Message(NamedTuple):
    """A message, and its plural if it has one."""

    one: str
    many: str = ""
    context: str = ""
    """`FILLED_IN` for sentences that arrive with their values."""


def every_message() -> set[Message]:
    return {message for message in _said() if message.one and any(sign.isalpha() for sign in message.one)}


def _said() -> Iterator[Message]:
    for file in sorted(WEB.rglob("*.html")):
        yield from _in_template(file)
    for file in sorted(WEB.rglob("*.py")):
        yield from _in_module(file)
    for file in sorted((ROOT / "adapters" / "rendering").rglob("*.py")):
        if file.stem not in NOT_ON_PAGES:
            yield from _in_document(file)
        if file.stem not in (*NOT_ON_PAGES, "words"):
            yield from _filled_in(file)
    for file in (ROOT / "domain" / "mistakes.py", *sorted((ROOT / "application" / "packs").glob("*.py"))):
        yield from _filled_in(file)
    yield from _filled_in(ROOT / "application" / "views" / "departure.py")
    yield from _filled_in(ROOT / "application" / "aggregates" / "erasures.py")
    yield from (Message(*of_a_severity) for of_a_severity in COUNTED.values())
    yield Message("{number} sign", "{number} signs", FILLED_IN)
    yield Message("{number} entry", "{number} entries", FILLED_IN)
    yield Message("{number} year", "{number} years", FILLED_IN)
    yield Message("a year")
    yield Message(VAGUE)
    for file in sorted((ROOT / "application" / "findings").rglob("*.py")):
        if file.stem == "sentences" or SENTENCES in file.read_text("utf-8"):
            yield from _filled_in(file)
    for file in (*sorted((ROOT / "domain").rglob("*.py")), *sorted((ROOT / "application").rglob("*.py"))):
        yield from _in_warnings(file)
    yield from (Message(spaced(word)) for word in (*get_args(Outcome), *get_args(Flag)))
    yield from _endings()
    for text in (*_words(), *_sentences()):
        yield Message(text)


def _in_template(file: Path) -> Iterator[Message]:
    tree = environment().parse(file.read_text("utf-8"))
    for call in tree.find_all(nodes.Call):
        name = getattr(call.node, "name", "")
        said = [each.value for each in call.args if isinstance(each, nodes.Const) and isinstance(each.value, str)]
        if name == "_" and said:
            yield Message(said[0])
        if name == "counted" and len(said) > 1:
            yield Message(said[0], said[1])


def _in_module(file: Path) -> Iterator[Message]:
    for call in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        is_speech = name in ("say", "_say") or getattr(getattr(call.func, "func", None), "id", "") == "speech_of"
        said = [text for each in call.args for text in _texts(each)]
        if is_speech and said:
            yield from map(Message, said)
        if name in ("counted", "_counted") and len(said) > 1:
            yield Message(said[0], said[1])


def _in_document(file: Path) -> Iterator[Message]:
    """Yield what a document always says in the same words; `place` is where a part of it says them."""
    for call in ast.walk(ast.parse(file.read_text("utf-8"))):
        name = getattr(call.func, "id", "") if isinstance(call, ast.Call) else ""
        if isinstance(call, ast.Call) and name in DOCUMENT:
            said = {place: each for place, each in enumerate(call.args) if place in DOCUMENT[name]}
            named = {each.arg: each.value for each in call.keywords if each.arg in DOCUMENT[name]}
            yield from (Message(text) for each in (said | named).values() for text in _texts(each))


def _filled_in(file: Path) -> Iterator[Message]:
    """Yield the sentences and clauses of a module with places for values, and the nouns that it counts."""
    tree = ast.parse(file.read_text("utf-8"))
    elsewhere = set(_parts_of_others(tree))
    for each in ast.walk(tree):
        if isinstance(each, ast.JoinedStr) and id(each) not in elsewhere:
            sentence = _with_places(each)
            if " " in sentence and WORD.search(PLACE.sub("", sentence)) and tells(sentence):
                yield Message(sentence, context=FILLED_IN)
        if isinstance(each, ast.Constant) and " " in str(each.value).strip() and id(each) not in elsewhere:
            yield Message(str(each.value))
        if isinstance(each, ast.Call) and getattr(each.func, "id", "") == "counted" and _text(each.args[-1]):
            one, many = [*(_text(argument) for argument in each.args[1:]), ""][:2]
            yield Message(f"{{number}} {one}", f"{{number}} {many or one + 's'}", FILLED_IN)


def _in_warnings(file: Path) -> Iterator[Message]:
    """Yield the sentences of the warnings of a module: what `Caution` is given at the end, or what the variable
    `detail` holds, or a constant."""
    source = file.read_text("utf-8")
    for each in ast.walk(ast.parse(source)) if "Caution(" in source or "_doubt(" in source else ():
        match each:
            case ast.Call(func=ast.Name(id="Caution" | "_doubt"), args=[*_, said]):
                yield from _sentences_in(said)
            case ast.Assign(targets=[ast.Name(id=name)], value=said) if name == "detail" or name.isupper():
                yield from _sentences_in(said)


def _sentences_in(said: ast.expr) -> Iterator[Message]:
    match said:
        case ast.JoinedStr():
            yield Message(_with_places(said), context=FILLED_IN)
        case ast.Constant(value=str(text)) if text.endswith((".", "?")):
            yield Message(text, context=FILLED_IN if PLACE.search(text) else "")
        case ast.IfExp(body=body, orelse=otherwise):
            yield from (*_sentences_in(body), *_sentences_in(otherwise))


def _parts_of_others(tree: ast.Module) -> Iterator[int]:
    """Return texts that are not messages by themselves: parts of f-strings, counted nouns, docstrings and lists of
    words."""
    for each in ast.walk(tree):
        match each:
            case ast.JoinedStr(values=values):
                yield from map(id, values)
            case ast.Call(func=ast.Name(id="counted"), args=args):
                yield from map(id, args)
            case (
                ast.Expr(value=aside)
                | ast.Call(func=ast.Attribute(value=aside, attr="split"))
                | ast.keyword(arg="description", value=aside)
                | ast.arg(annotation=ast.Constant() as aside)
            ):
                yield id(aside)


def _with_places(text: ast.JoinedStr) -> str:
    """Return the text of an f-string with a name for each of its places."""
    named, said = Counter[str](), ""
    for part in text.values:
        if isinstance(part, ast.FormattedValue):
            name = _place(part.value)
            named[name] += 1
            said += f"{{{name}{named[name] if named[name] > 1 else ''}}}"
        else:
            said += _text(part)
    return said


def _place(value: ast.expr) -> str:
    """Return the name of a place, after the value or its format."""
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").lower()
        case ast.Call(func=ast.Name(id="listed"), args=[ast.Call(args=[ast.Name(id="spaced"), _]), *_]):
            return "words"
        case ast.Call(func=ast.Name(id="listed"), args=[ast.Name(id=name), *_]):
            return name
        case ast.Call(func=ast.Name(id="len"), args=[inner]) | ast.Call(func=ast.Attribute(value=inner)):
            return _place(inner)
        case ast.Call(func=called) | ast.Subscript(value=called):
            return _place(called)
        case ast.BinOp(left=inner) | ast.BoolOp(values=[inner, *_]) | ast.IfExp(body=inner):
            return _place(inner)
    return "given"


def _text(argument: ast.expr) -> str:
    return next(_texts(argument), "")


def _texts(argument: ast.expr) -> Iterator[str]:
    """Return the texts that an argument may have: both of `a if b else c`."""
    match argument:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=otherwise):
            yield from (*_texts(body), *_texts(otherwise))
        case ast.BoolOp(values=values):
            yield from (text for each in values for text in _texts(each))


def _words() -> Iterator[str]:
    """Yield the names of events, commands, things, fields and choices, as they are shown."""
    for resource in RESOURCES:
        of = resource.of
        names = [*resource.commands, *of.events, *of.things, *of.sections, *(plural(noun) for noun in of.things)]
        yield from map(spaced, names)
        for command in resource.commands.values():
            yield from map(spaced, _fields_and_choices(command, command))
        for thing in of.things.values():
            yield from map(spaced, _names_in(thing))
    for names in COLUMNS.values():
        yield from map(spaced, names)
    for name in (*RULES, *PROGRAM_RULES, *MEASURES, *GROUPINGS, *ROLES, *get_args(AttitudeWord)):
        yield spaced(name)
    yield from (*map(spaced, _keys(DEFAULT_POLICY.model_dump())), *SCALE_WORDS)
    yield from map(spaced, OF_THEIR_OWN.values())
    yield from (*get_args(What), *FLAGS.values(), *PURGED, KEPT)
    yield from (*LABELS.values(), *CHECKS.values(), *SIGNALS.values())
    yield from (*get_args(Severity), *NUMBERS[1:], *get_args(State), *REASONS.values(), *DEPARTED, *ELSEWHERE)
    for table, place in TABLES.items():
        module, _, name = table.rpartition(".")
        found = getattr(import_module(f"adapters.web.{module}"), name)
        rows = found.values() if isinstance(found, Mapping) else found
        yield from (row if place is None else row[place] for row in rows)


def _keys(said: Mapping[str, Any]) -> Iterator[str]:
    for name, value in said.items():
        yield name
        if isinstance(value, Mapping):
            yield from _keys(value)


ELSEWHERE = (
    "Won",
    "won",
    "required",
    "expected",
    "status quo",
    "severity",
    "off",
    "and",
    "or",
    "text",
    "empty",
    "once",
    "twice",
    "gone",
    "Said",
    "Added",
    "none",
    "promised by the customer",
    "stakeholder promoted",
    "at",
    "confirmed",
    "Fit",
    "Decided",
    "finish",
    "move",
    "left",
)
"""Words that are chosen within a line."""

DEPARTED = (
    "goes through them", "they could open the door", "reports to them", "listens to them", "names them",
    "no longer multi-threaded",
)  # fmt: skip
"""Why things depend on somebody who left."""


def _endings() -> Iterator[Message]:
    """How things are said to be over, and what warnings are called."""
    for file in (*sorted((ROOT / "domain").rglob("*.py")), *sorted((ROOT / "application").rglob("*.py"))):
        for each in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(each, ast.Constant) and ENDING.fullmatch(str(each.value)):
                yield Message(str(each.value))
            if isinstance(each, ast.JoinedStr) and ENDING.fullmatch(PLACE.sub("x", _with_places(each))):
                yield Message(_with_places(each), context=FILLED_IN)
            if isinstance(each, ast.Call) and getattr(each.func, "id", "") == "Caution" and each.args:
                yield from (Message(text.replace("-", " ")) for text in _texts(each.args[0]))


def _fields_and_choices(command: type[Any], model: type[Any]) -> Iterator[str]:
    for name in shown_fields(model) if model is command else model.model_fields:
        kind = kind_of(model, name)
        yield from (name, *kind.choices)
        if kind.model:
            yield from _fields_and_choices(command, kind.model)


def _names_in(thing: type[Any]) -> Iterator[str]:
    yield from thing.model_computed_fields
    for name, field in thing.model_fields.items():
        yield from (name, *_literals(field.annotation))


def _literals(annotation: Any) -> Iterator[str]:
    for each in get_args(annotation):
        yield from (each,) if isinstance(each, str) else _literals(each)


def _sentences() -> Iterator[str]:
    for resource in RESOURCES:
        for command in resource.commands.values():
            yield one_line(command.__doc__)
            yield from _meanings(command, command)
    for rule in (*RULES.values(), *PROGRAM_RULES.values()):
        yield from (rule.seed, rule.finds)
    for measure in MEASURES.values():
        yield measure.definition
    for kind in (*_kinds_of(Refusal), *STATUS):
        if not kind.__module__.startswith("tests."):  # which other tests have made up
            yield one_line(kind.__doc__)


def _meanings(command: type[Any], model: type[Any]) -> Iterator[str]:
    for name in model.model_fields:
        yield meaning_of(command, model, name)
        inner = kind_of(model, name).model
        if inner:
            yield from _meanings(command, inner)


def _kinds_of(refusal: type[Refusal]) -> Iterator[type[Refusal]]:
    for kind in refusal.__subclasses__():
        yield from (kind, *_kinds_of(kind))


def one_line(text: str | None) -> str:
    return " ".join((text or "").split())


@cache
def german() -> Catalog:
    return read_po(BytesIO(GERMAN.read_bytes()), locale="de")


def message_of(entry: BabelMessage) -> Message:
    """Return the English text of an entry of the catalogue."""
    one, many = (entry.id, "") if isinstance(entry.id, str) else entry.id
    return Message(one, many, entry.context or "")


def main() -> None:
    known = {message_of(each): each for each in german() if each.id}
    catalogue = Catalog("de", project="plantrail", fuzzy=False)
    for said in sorted(every_message()):
        before = known.get(said)
        catalogue.add(
            (said.one, said.many) if said.many else said.one,
            before.string if before else None,
            context=said.context or None,
        )
    with GERMAN.open("wb") as file:
        write_po(file, catalogue, width=120, omit_header=True, no_location=True)


if __name__ == "__main__":
    main()
