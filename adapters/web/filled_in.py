"""Translates sentences that arrive complete, with their values, as those of findings and reports do.

The catalogue contains the fixed text of each sentence around its places. A sentence is recognised by this text, and the
contents of its places are put into the translation: our own words are translated, days are written as the reader writes
them, and text of users stays unchanged.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from babel.messages.catalog import Catalog

FILLED_IN = "filled in"
"""The context of such sentences in the catalogue."""

PLACE = re.compile("{([a-z_]+)([0-9]*)}")
OF_OURS = frozenset(
    "addressable before counted cut_told days decided detail did_you_mean done engaged fault grade how kind"
    " last month needs noun number others over period read review_told round said section since spaced theirs"
    " tier times told too_many wanted was what where within word years".split()
)
"""Places that contain our own words and clauses."""

GIVEN = "given"
"""The place of what stands there without a name: words of ours, or what people wrote."""

LISTS_OF_OURS = frozenset({"missing", "sections", "words"})
LISTS = LISTS_OF_OURS | {"listed", "named"}
"""Places that contain lists such as “a, b and c”."""

HOLDS: Mapping[str, str] = {
    "called": "“[^“”]*”",
    "counted": "(?:[0-9][0-9,.]*|[a-z]+) [a-z ]+?",
    "context": "[^ ]+",
    "currency": "[A-Z]{3}",
    "day": "[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "spaced": "[A-Za-z ]+?",
    "noun": "[a-z ]+",
    "tier": "[a-z]+",
    "number": "[0-9][0-9,.]*|[a-z]+",
    "event": "[^ ]+",
    "listed": ".+?",
    "percent": "[0-9]+ %|–",
    "score": "[0-9]+",
    "seen": "[0-9]+",
    "sum": "[0-9]+",
    "words": "(?:(?!, and ).)+?",
    "wanted": "asked for .+?",
    "word": "[a-z ]+",
    "arrow": "[▲▼→]",
} | dict.fromkeys("addressable decided did_you_mean done over round since theirs was where".split(), ".*?")
"""What a place may contain; any other place may contain any text."""

OURS_ALONE = frozenset({"counted", "spaced", "what"})
"""Places that contain only our own words. If they contain something else, the sentence is a user's text."""

NUMBERED = re.compile("([0-9]{1,2} [A-Z][a-z]{2} [0-9]{4}|[0-9]+|[a-z]+) (.+)", re.DOTALL)
"""One of our words after a number or a day."""
COUNTED_AS = {"no": "none"}
"""Before what is counted, “no” is no answer."""
LETTER = re.compile("[A-Za-z]")
LEAST_LETTERS = 4
"""A sentence with less fixed text is recognised by what its places contain."""

JOINTS = ("; ", " · ", ", ")
"""The separators with which reports join the parts of a note, the weakest bond first."""

JOINT = re.compile(f"({'|'.join(map(re.escape, JOINTS))})")

MORE = re.compile("[0-9]+ more")

JOINED = re.compile(r"(?P<others>.*)(?P<joined> and | or )(?P<last>“[^“”]*”(?: at “[^“”]*”)?|[^“”]*)", re.DOTALL)


@dataclass(frozen=True)
class Pattern:
    """A sentence, recognised by its fixed text."""

    known_by: re.Pattern[str]
    said: str
    """The translation."""

    @classmethod
    def of(cls, sentence: str, said: str) -> "Pattern":
        *parts, rest = _parts(sentence)
        expression = "".join(
            f"{re.escape(text)}(?P<{name}{nth}>{HOLDS.get(name, '.+?')})" for text, name, nth in parts
        )  # fmt: skip
        return cls(re.compile(expression + re.escape(rest[0]), re.DOTALL), said)


def _parts(sentence: str) -> Sequence[tuple[str, str, str]]:
    """Return the text before each place together with the name of the place, and finally the text after all places."""
    found, at = [], 0
    for place in PLACE.finditer(sentence):
        found.append((sentence[at : place.start()], place[1], place[2]))
        at = place.end()
    return [*found, (sentence[at:], "", "")]


def tells(sentence: str) -> bool:
    """Return whether the sentence can be recognised, by its fixed text or by what its places may contain."""
    return len(LETTER.findall(PLACE.sub("", sentence))) >= LEAST_LETTERS or any(
        place[1] in HOLDS for place in PLACE.finditer(sentence)
    )


def patterns(catalogue: Catalog) -> Sequence[Pattern]:
    """Return all patterns of a catalogue, those with the most fixed text first."""
    found = [
        (one, said)
        for message in catalogue
        if message.context == FILLED_IN
        for one, said in zip(_all(message.id), _all(message.string), strict=True)
    ]
    found.sort(key=lambda each: -len(PLACE.sub("", each[0])))
    return [Pattern.of(*each) for each in found]


def _plain(sentence: str, words: Mapping[str, str]) -> str:
    """Return a sentence in which the names are separate words, as reports write them."""
    named = re.compile("`([a-z_]+)`")
    return named.sub(lambda name: words.get(name[1].replace("_", " "), name[1].replace("_", " ")), sentence)


def _all(text: str | Sequence[str] | None) -> Sequence[str]:
    return [text] if isinstance(text, str) else text or []


@dataclass(frozen=True)
class Sentences:
    """Translates sentences with a catalogue."""

    words: Mapping[str, str]
    """The translations of words without places."""
    patterns: Sequence[Pattern]

    @classmethod
    def of(cls, catalogue: Catalog) -> "Sentences":
        words = {
            one: said
            for message in catalogue
            for one, said in zip(_all(message.id), _all(message.string), strict=True)
            if one and said and not PLACE.search(one)
        }
        plain = {_plain(one, {}): _plain(said, words) for one, said in words.items() if "`" in one}
        return cls(plain | words, patterns(catalogue))

    def told(self, text: str) -> str:
        """Translate a sentence, or a note of several parts, each of which is translated if it is known."""
        if " " in text and (joined := self._joined(text)):
            return joined
        known = self._known(text)
        if known is not None:
            return known
        head, _, rest = text.partition(": ")
        if rest and head in self.words and (known := self._known(f": {rest}")):
            return self.words[head] + known
        body, end = (text[:-1], ".") if text.endswith(".") else (text, "")
        return self._in_parts(body, JOINTS) + end

    def _joined(self, text: str) -> str:
        """Return the translation of words of ours alone; nothing if there are any others."""
        parts = JOINT.split(text)
        known = self.words.keys() >= set(parts[::2])
        return "".join(self.words.get(part, part) for part in parts) if known else ""

    def _in_parts(self, text: str, joints: Sequence[str]) -> str:
        told = self._part(text)
        if told != text or not joints:
            return told
        return joints[0].join(self._in_parts(part, joints[1:]) for part in text.split(joints[0]))

    def _part(self, part: str) -> str:
        known = self._known(part)
        if known is None and part[:1].isupper():
            known = self._known(part[0].lower() + part[1:])
            return part if known is None else known[0].upper() + known[1:]
        if known is None and (found := NUMBERED.fullmatch(part)) and found[2] in self.words:
            return f"{self.words.get(COUNTED_AS.get(found[1], found[1]), found[1])} {self.words[found[2]]}"
        return part if known is None else known

    def _known(self, text: str) -> str | None:
        if text in self.words:
            return self.words[text]
        for pattern in self.patterns:
            found = pattern.known_by.fullmatch(text)
            held = (
                [(name, name.rstrip("0123456789"), text) for name, text in found.groupdict().items()] if found else []
            )
            if held and all(self._may_hold(place, text) for _, place, text in held):
                return pattern.said.format(**{name: self._put(place, text) for name, place, text in held})
        return None

    def _may_hold(self, place: str, text: str) -> bool:
        known = (text, text[:1].lower() + text[1:])
        return place not in OURS_ALONE or self._part(text) != text or not self.words.keys().isdisjoint(known)

    def _put(self, place: str, held: str) -> str:
        if place == GIVEN:
            return self._joined(held) or held
        if place == "number":
            held = COUNTED_AS.get(held, held)
        if place in LISTS:
            return self._listed(held, place in LISTS_OF_OURS)
        return self.told(held) if place in OF_OURS else held

    def _listed(self, held: str, is_ours: bool) -> str:
        joined = JOINED.fullmatch(held)
        if not joined:
            return self._item(held, is_ours)
        others = ", ".join(self._item(each, is_ours) for each in joined["others"].split(", "))
        return f"{others}{self.words[joined['joined'].strip()].join('  ')}{self._item(joined['last'], is_ours)}"

    def _item(self, item: str, is_ours: bool) -> str:
        if item.startswith("“") and "” at “" in item:
            return item.replace("” at “", f"” {self.words['at']} “")
        return self.told(item) if is_ours or item == "none" or item.startswith("“") or MORE.fullmatch(item) else item
