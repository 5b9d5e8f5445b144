"""The fonts of PDFs: the typesetter's own, and Noto for all other scripts. Fonts of the machine are not used, so that a
report looks the same wherever it is made."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import typst

TEXT, CHINESE_JAPANESE_KOREAN, EMOJI = "Libertinus Serif", "Noto Sans CJK SC", "Noto Emoji"
PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
TRUSTED = {chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x180))} | set("–—‘’“”„…•·→←▲▼✓✗◔⊘●○◑◕−×§€")
"""Characters that the text font certainly has, so that most reports need no look at the fonts."""
INVISIBLE = {"Cf", "Cc", "Mn", "Me", "Zs"}
"""Categories of characters that need no glyph."""
NOT_DISPLAYED = re.compile('the text `"(.+?)"` could not be displayed')


@cache
def fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, font_paths=[str(files(package)) for package in PACKAGES])


@cache
def families() -> list[str]:
    """Return the names of the fonts, in the order in which they are searched for a character."""
    noto = [name for name in fonts().families() if name.startswith("Noto ")]
    last = [CHINESE_JAPANESE_KOREAN, EMOJI]
    return [TEXT, *(name for name in noto if name not in last and "CJK" not in name), *last]


def without_a_glyph(words: Iterable[str]) -> list[str]:
    """Return the characters that none of the fonts has, in the order of their codes."""
    there = set().union(*map(set, words)) - TRUSTED
    asked = sorted(sign for sign in there if unicodedata.category(sign) not in INVISIBLE)
    return [sign for sign in asked if sign in missing_of("".join(asked))] if asked else []


@cache
def missing_of(signs: str) -> frozenset[str]:
    """Return the missing characters that the typesetter reports under a standard that forbids them."""
    lines = "".join(f"#text(str.from-unicode({ord(sign)}))\n\n" for sign in signs)
    source = f"#set page(height: auto)\n#set text(font: {families_in_typst()})\n{lines}"
    try:
        typst.compile(source.encode(), font_paths=fonts(), pdf_standards=["a-2u"])
    except typst.TypstError as error:
        return frozenset(sign for found in NOT_DISPLAYED.findall(error.diagnostic) for sign in unescaped(found))
    return frozenset()


def families_in_typst() -> str:
    return "(" + "".join(f'"{name}", ' for name in families()) + ")"


def unescaped(shown: str) -> str:
    """Return the characters in an error of the typesetter, some of which are written as `\\u{e000}`."""
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), shown)


def named(sign: str) -> str:
    """Return the name of a character, for where it cannot be shown."""
    return f"[U+{ord(sign):04X}]"
