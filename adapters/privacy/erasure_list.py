"""The list of erasures: who was forgotten. It is kept outside the database, so that a restored copy learns about
erasures.

It is a file to which every process of a deployment appends, on any host. Its lines contain ids and no text. A line is
synced to disk before its erasure is confirmed.
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
"""The end of a line whose writer was killed while writing it. That erasure was not confirmed."""


class ErasureListUnfit(StoreUnavailable):
    """The list of erasures cannot be written. Whoever was forgotten stays forgotten; the erasure is confirmed once the
    list can be written: try again."""


_read = TypeAdapter(Erasure).validate_json


class ErasureList:
    """The list in one file, which many processes may read and append to at once."""

    def __init__(self, file: Path, make: bool = False) -> None:
        """Read the list. With `make`, the file is created if it does not exist. Raises `ErasureListUnfit`."""
        self.file = file
        self._erasures: dict[tuple[str, str], Erasure] = {}
        """The erasures by certificate and stakeholder: a person who was entered twice is forgotten twice by one
        command."""
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
        """Return all erasures listed so far. Raises `ErasureListUnfit`."""
        try:
            with self.file.open("rb") as stream:
                self._read_on(stream)
        except OSError as error:
            raise ErasureListUnfit(f"The list of erasures {self.file} cannot be read: {error.strerror}.") from error
        return list(self._erasures.values())

    def add(self, erasure: Erasure) -> None:
        """Append an erasure, unless it is listed already. Raises `ErasureListUnfit`."""
        try:
            with self.file.open("r+b") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                self._read_on(stream)
                if (erasure.certificate, erasure.stakeholder) not in self._erasures:
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
                self._erasures[erasure.certificate, erasure.stakeholder] = erasure
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
