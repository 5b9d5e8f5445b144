"""The mutants that no test can tell from the program as it is, and why: read from `equivalent.toml`."""

import tomllib
from pathlib import Path

FILE = Path(__file__).with_name("equivalent.toml")


def equivalents() -> dict[str, str]:
    """The reason of each mutant, by its name.  Raises ValueError where one is named twice."""
    reasons = dict[str, str]()
    for group in tomllib.loads(FILE.read_text()).get("equivalent", []):
        for name in group["mutants"]:
            if name in reasons:
                raise ValueError(f"{FILE.name} names this mutant twice: {name}")
            reasons[name] = group["why"]
    return reasons
