"""The folders of the project."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "tests" / "scenarios"
DEMO = ROOT / "adapters" / "cli" / "demo"

ROOMS = ("domain", "application")
"""The folders that hold the rules: mutants are made of them, and their numbers are written down."""


def modules() -> list[Path]:
    """Return the modules of these rooms, relative to the root."""
    return [path.relative_to(ROOT) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def module_name(path: Path) -> str:
    """Return the name under which a module is imported."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
