"""The list of erasures: who was forgotten, outside the database, so that a restored copy of it knows too.

A file that is only ever appended to, by every process of a deployment, on whatever hosts they are; a line holds ids and
nobody's words.  A line is on the disk before anybody is told that it is.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from application.aggregates.erasures import Erasure
from application.aggregates.ports import StoreUnavailable

TORN = b"#torn\n"
"""What ends a line whose writer was killed over it: nobody was told of it."""


class ErasureListUnfit(StoreUnavailable):
    """The list of erasures cannot be written: who is forgotten is forgotten, and confirmed when it can be: try
    again."""


_read = TypeAdapter(Erasure).validate_json


class ErasureList:
    """One file, however many read and write it."""

    def __init__(self, file: Path, make: bool = False) -> None:
        """`make` it where it is not there yet.  Raises `ErasureListUnfit`."""
        self.file = file
        self._erasures: dict[str, Erasure] = {}
        self._read_up_to = 0
        try:
            if make:
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                file.touch(mode=0o600)
            with file.open("r+b") as stream:
                self._read_on(stream)
        except OSError as error:
            raise ErasureListUnfit(
                f"The list of erasures {file} cannot be read: {error.strerror}. Without it somebody who was forgotten"
                " might be shown again. Put it in its place; for a new deployment create the file, empty."
            ) from error

    def all(self) -> list[Erasure]:
        """As it is now.  Raises `ErasureListUnfit`."""
        try:
            with self.file.open("rb") as stream:
                self._read_on(stream)
        except OSError as error:
            raise ErasureListUnfit(f"The list of erasures {self.file} cannot be read: {error.strerror}.") from error
        return list(self._erasures.values())

    def add(self, erasure: Erasure) -> None:
        """Unless it is there already.  Raises `ErasureListUnfit`."""
        try:
            with self.file.open("r+b") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                self._read_on(stream)
                if erasure.certificate not in self._erasures:
                    torn = stream.seek(0, os.SEEK_END) > self._read_up_to
                    stream.write((TORN if torn else b"") + to_json(erasure) + b"\n")
                    stream.flush()
                    os.fsync(stream.fileno())
        except OSError as error:
            raise ErasureListUnfit(ErasureListUnfit.__doc__) from error

    def _read_on(self, stream: BinaryIO) -> None:
        stream.seek(self._read_up_to)
        for line in _whole_lines(stream):
            if not line.endswith(TORN):
                erasure = self._line(line)
                self._erasures[erasure.certificate] = erasure
            self._read_up_to += len(line)

    def _line(self, line: bytes) -> Erasure:
        try:
            return _read(line)
        except ValidationError as error:
            raise ErasureListUnfit(
                f"The list of erasures {self.file} is damaged after its byte {self._read_up_to}. Put a whole copy of it"
                " in its place."
            ) from error


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    return (line for line in stream if line.endswith(b"\n"))
