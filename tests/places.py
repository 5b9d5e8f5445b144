"""The folders of the project."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "tests" / "scenarios"
DEMO = ROOT / "adapters" / "cli" / "demo"
