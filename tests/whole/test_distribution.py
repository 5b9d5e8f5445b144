"""The wheel: what it installs, and that it works where nothing of the repository is at hand."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.places import ROOT

CLIENT = (
    "from plantrail.client import AsyncClient, Client, Problem; import adapters;"
    " print(adapters.__path__[0]); print(Client('http://127.0.0.1:9', actor='ann').promises)"
)

pytestmark = pytest.mark.program


def run(*words: str | Path, folder: Path) -> str:
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT]
    run(sys.executable, "-m", "pip", *words, folder=folder)
    [made] = folder.glob("plantrail-*.whl")
    return made


def test_one_name_is_installed_beside_the_three_layers(wheel):
    files = ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in files if ".dist-info/" not in name} == {
        "adapters", "application", "domain", "plantrail",
    }  # fmt: skip
    assert {"plantrail/client.py", "plantrail/py.typed", "adapters/client/synchronous.py"} < set(files)
    assert not [name for name in files if name.startswith(("adapters/client/plantrail", "tests"))]


@pytest.mark.torture
def test_what_was_installed_runs_without_the_repository(wheel, tmp_path):
    """The libraries are those of this environment, so that nothing is downloaded."""
    python = environment(tmp_path)
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-compile",
        wheel,
        folder=tmp_path,
    )
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=tmp_path).strip())
    (own / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    event = (
        "import adapters.events.json_schemas as s; print(s.under_its_url('plantrail.play-won.v1', 'http://x')['$id'])"
    )
    said = run(python, "-c", f"{CLIENT}; {event}", folder=tmp_path)
    assert said.startswith(str(own))
    assert said.endswith("\nhttp://x/schemas/plantrail.play-won.v1.json\n")
    assert run(python.with_name("plantrail"), "--version", folder=tmp_path).startswith("plantrail ")


@pytest.mark.torture
def test_pip_installs_it_with_all_it_needs_into_an_empty_environment(wheel, tmp_path):
    python = environment(tmp_path)
    words = ["install", "--quiet", "--only-binary", ":all:", f"plantrail[slides,warehouse] @ {wheel.as_uri()}"]
    run(sys.executable, "-m", "pip", "--python", python, *words, folder=tmp_path)
    assert run(python, "-c", CLIENT, folder=tmp_path)
    assert run(python.with_name("plantrail"), "--version", folder=tmp_path).startswith("plantrail ")


def environment(folder: Path) -> Path:
    venv.create(folder / "empty", with_pip=False, symlinks=True)
    return folder / "empty" / "bin" / "python"
