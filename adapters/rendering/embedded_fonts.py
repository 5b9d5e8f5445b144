"""The fonts inside a page: of each font that comes with us, what the page needs of it beside Latin, Greek and Cyrillic
letters, which every machine has."""

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
"""What the style sheet calls all of them."""
LAST = ("NotoSansCJK", "NotoEmoji")
"""The largest, which are looked at where no other has a character."""
EVERYWHERE = frozenset(map(chr, (*range(0x370, 0x530), *range(0x1E00, 0x2000))))
"""Letters that the fonts of every machine have."""
JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
"""Signs that shape the letters beside them."""


def font_faces(texts: Iterable[str]) -> str:
    """Return the rules of the style sheet that embed what these texts need; nothing for most reports."""
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
    """Return the files of the fonts, in the order in which they are asked for a character."""
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
    """Return a font that has these characters alone, with what joins and places them, in the format WOFF."""
    from fontTools.subset import Options, Subsetter
    from fontTools.varLib.instancer import instantiateVariableFont

    font = _opened(path)
    options = Options(hinting=False, name_IDs=[], notdef_outline=True)
    subsetter = Subsetter(options)
    subsetter.populate(text=signs)
    subsetter.subset(font)
    if "fvar" in font and "CFF2" not in font:
        # One weight of the many; of fonts with CFF2 outlines, the browser takes it.
        instantiateVariableFont(font, {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}, inplace=True)
    font.flavor = "woff"
    made = io.BytesIO()
    font.save(made)
    return made.getvalue()


def _opened(path: Path) -> Any:
    """Open a font. The library is loaded here, because that takes a second and few pages need it."""
    from fontTools.ttLib import TTFont

    return TTFont(path, lazy=True, fontNumber=0)
