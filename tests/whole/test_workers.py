import subprocess
from pathlib import Path

import pytest

from tests.forks import PythonProgram

pytestmark = pytest.mark.program

RUN = """
import sys, pytest
from tests.workers import Workers
sys.exit(pytest.main(["-q", "-rA", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[Workers(2)]))
"""
FILES = {
    "pytest.ini": "[pytest]",
    "conftest.py": """
        import os, pytest
        @pytest.fixture(scope="session")
        def mine(tmp_path_factory):
            yield tmp_path_factory.mktemp("mine")
            with open("ended", "a") as ended:
                ended.write(f"{os.getpid()} ")
    """,
    "test_a.py": """
        def test_passes(mine):
            print("said in a")
        def test_fails(mine):
            assert 1 == 2
    """,
    "test_b.py": """
        import os
        from pathlib import Path
        def test_ends_the_process():
            Path("ended_by").write_text(str(os.getpid()))
            os._exit(7)
        def test_is_run_by_another(mine):
            assert Path("ended_by").read_text() != str(os.getpid())
    """,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        lines = text.strip("\n").splitlines()
        indent = len(lines[0]) - len(lines[0].lstrip())
        (tmp_path / name).write_text("\n".join(line[indent:] for line in lines))
    return tmp_path


def run(folder: Path, *words: str) -> tuple[int, str]:
    with PythonProgram(RUN, *words, cwd=folder, stdout=subprocess.PIPE, text=True) as program:
        said, _ = program.communicate(timeout=120)
    return program.wait(), said


def test_every_test_is_reported_once_and_a_worker_that_ends_is_replaced(folder: Path):
    code, said = run(folder)
    assert code == 1, said
    assert "2 failed, 2 passed" in said
    assert "assert 1 == 2" in said
    assert "the process that ran this test ended with exit code 7" in said
    assert said.count("said in a") == 1


@pytest.mark.torture
def test_each_worker_ends_its_session_fixtures_once(folder: Path):
    run(folder)
    ended = (folder / "ended").read_text().split()
    assert 1 <= len(ended) == len(set(ended)) <= 2  # one may be as fast as to take both files


@pytest.mark.torture
def test_after_the_first_failure_no_other_file_is_begun_where_one_is_enough(folder: Path):
    (folder / "test_a.py").write_text("def test_fails(mine):\n    assert 1 == 2\n")
    (folder / "test_b.py").unlink()
    for number in range(20):
        (folder / f"test_c{number:02}.py").write_text("from time import sleep\ndef test_c():\n    sleep(0.2)\n")
    code, said = run(folder, "-x")
    assert code == 1, said
    assert "stopping after 1 failures" in said
    assert said.count("PASSED") < 20
    assert (folder / "ended").exists()
