"""The fonts embedded in a page: from each of our fonts, the characters that the page needs beside Latin, Greek and
Cyrillic letters, which every machine has."""

import io
import unicodedata
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from adapters.rendering.fonts import INVISIBLE, PACKAGES, TRUSTED

FAMILY = "Report Noto"
"""The name of all of them in the style sheet."""
LAST = ("NotoSansCJK", "NotoEmoji")
"""The largest fonts, which are used only for characters that no other font has."""
EVERYWHERE = frozenset(map(chr, (*range(0x370, 0x530), *range(0x1E00, 0x2000))))
"""Letters that the fonts of every machine contain."""
JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
"""Invisible characters that change the shape of their neighbours."""


def font_faces(texts: Iterable[str]) -> str:
    """Return the style sheet rules that embed the fonts for these texts; nothing for most reports."""
    signs = set().union(*map(set, texts)) - TRUSTED - EVERYWHERE - JOINERS
    wanted = {sign for sign in signs if unicodedata.category(sign) not in INVISIBLE - {"Mn", "Me"}}
    rules = []
    for path in font_files() if wanted else ():
        here = wanted & characters_of(path)
        if here:
            wanted -= here
            rules.append(_rule(path, frozenset(here)))
        if not wanted:
            break
    return "".join(rules)


@cache
def font_files() -> list[Path]:
    """Return the files of the fonts, in the order in which they are searched for a character."""
    found = [path for package in PACKAGES for path in sorted(Path(str(files(package))).glob("*.[ot]t[fc]"))]
    return sorted(found, key=lambda path: path.name.startswith(LAST))


@cache
def characters_of(path: Path) -> frozenset[str]:
    return frozenset(map(chr, _opened(path).getBestCmap()))


@cache
def _rule(path: Path, signs: frozenset[str]) -> str:
    codes = ",".join(f"U+{ord(sign):X}" for sign in sorted(signs))
    font = b64encode(subset(path, "".join(sorted(signs | JOINERS)))).decode()
    return f'@font-face{{font-family:"{FAMILY}";unicode-range:{codes};src:url(data:font/woff;base64,{font})}}'


def subset(path: Path, signs: str) -> bytes:
    """Return a font with only these characters, and with what joins and places them, as WOFF."""
    from fontTools.subset import Options, Subsetter
    from fontTools.varLib.instancer import instantiateVariableFont

    font = _opened(path)
    options = Options(hinting=False, name_IDs=[], notdef_outline=True)
    subsetter = Subsetter(options)
    subsetter.populate(text=signs)
    subsetter.subset(font)
    if "fvar" in font and "CFF2" not in font:
        # The subset has one weight. From fonts with CFF2 outlines, the browser takes it.
        instantiateVariableFont(font, {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}, inplace=True)
    font.flavor = "woff"
    made = io.BytesIO()
    font.save(made)
    return made.getvalue()


def _opened(path: Path) -> Any:
    """Open a font. The font library is imported here, because that takes a second and few pages need it."""
    from fontTools.ttLib import TTFont

    return TTFont(path, lazy=True, fontNumber=0)
