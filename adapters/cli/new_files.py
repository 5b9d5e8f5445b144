"""Files that commands write: the name must fit the contents, and an existing file is never overwritten."""

from pathlib import Path

from adapters.cli.errors import Told

JSON_LINES = (".jsonl", ".ndjson")
ZIP = (".zip",)
TABLES = (".csv", ".xlsx")
DUMP = (".dump", ".backup")


def check_new_file(file: Path, contents: str, endings: tuple[str, ...]) -> None:
    """Check the name of a file before it is written. `contents` is the beginning of a sentence about what is in the
    file.

    Raises `Told` if the name has another ending, or if a file or folder with this name exists.
    """
    if file.suffix.lower() not in ("", *endings):
        named = " or ".join(endings)
        raise Told(f"{contents}, so the file's name cannot end in “{file.suffix}”. Name one that ends in {named}.")
    if file.exists():
        raise Told(f"{file} exists already. Choose a new file.")


def check_folder(folder: Path, option: str) -> None:
    """Check the name of a folder before files are written into it. Raises `Told` if it is a file or has the name of
    one."""
    if folder.is_file() or (folder.suffix.lower() in (".csv", ".xlsx", ".zip") and not folder.is_dir()):
        raise Told(f"{option} names a folder, and “{folder}” is a file. Name a folder.")
