"""The released files under `docs/`: a schema for each type of event, and the catalogue.

`python -m tests.released` writes what is missing or out of date. It refuses to overwrite a schema with an incompatible
one: such an event needs a new version with a type of its own (`adapters.events.stored_format`).
"""

import json
import sys
from pathlib import Path

from adapters.events.json_schemas import Schema, folder
from tests.catalogue import NotTold, catalogue, schemas_now
from tests.compatibility import incompatibilities

CATALOGUE = Path(__file__).parents[1] / "docs" / "events.md"


def file_of(type: str) -> Path:
    return folder() / f"{type}.json"


def written(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def broken_promises() -> list[str]:
    """Return the changes of the code to released schemas that are not allowed."""
    return [
        f"{type} {place_and_reason}"
        for type, schema in schemas_now().items()
        if (file := file_of(type)).exists()
        for place_and_reason in incompatibilities(json.loads(file.read_text("utf-8")), schema)
    ]


def out_of_date() -> dict[Path, str]:
    """Return the files that differ from the code, with their right contents."""
    files = {file_of(type): written(schema) for type, schema in schemas_now().items()} | {CATALOGUE: catalogue()}
    return {file: text for file, text in files.items() if not file.exists() or file.read_text("utf-8") != text}


def release() -> list[Path]:
    """Write what is out of date, and print which files. Ends with the reasons if a change is not allowed, or if an
    event occurs in no story of the demo."""
    if broken := broken_promises():
        sys.exit("\n".join(("These were released otherwise; give the event a new shape:", *broken)))
    try:
        files = out_of_date()
    except NotTold as missing:
        sys.exit(str(missing))
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return list(files)


if __name__ == "__main__":
    for file in release():
        print(f"wrote {file.relative_to(Path.cwd())}")
