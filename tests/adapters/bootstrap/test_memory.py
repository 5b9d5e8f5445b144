"""How much memory a process tells that it has used."""

import subprocess
import sys

import pytest

from adapters.bootstrap.memory import megabytes

LARGE = 60_000_000
TELL = "from adapters.bootstrap.memory import megabytes; print(megabytes())"


@pytest.mark.program
def test_a_process_counts_its_own_memory_and_none_of_that_of_the_one_that_started_it():
    """Otherwise one that a large service starts may grow by as much more before it is replaced."""
    held = b"1" * LARGE
    told = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True, timeout=60)
    assert 1 < float(told.stdout) < LARGE / 1e6 < megabytes()
    del held
