"""An audit bundle proves itself on a machine that has never seen us, and no longer once anything in it was altered."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as some

from adapters.postgres.store import ConnectionStrings, opened
from adapters.proof.bundle import verify_bundle
from adapters.proof.bundle.verify_bundle import Bundle, Wrong, verify
from adapters.proof.checkpoints import LogKey
from application.proof import merkle
from application.proof.leaves import entry_of
from domain.account_plan.plan import NAMESPACE
from tests.adapters.cli.test_cli import environment, plantrail, refused, told_store
from tests.conftest import KEY
from tests.examples import examples
from tests.proving import more
from tests.stores import handle, log, plans_on

__all__ = ["told_store"]

Files = dict[str, bytes]
EARLIER = LogKey(b"o" * 32)


@pytest.fixture(scope="module")
def told(told_store, tmp_path_factory):
    """Return an environment with the worked case under two checkpoints, the first of which was kept."""
    home = tmp_path_factory.mktemp("home")
    given = environment(told_store) | {"PLANTRAIL_HOME": str(home)}
    (home / "kept").write_text(plantrail("checkpoint", **given).stdout)
    with opened(told_store, KEY) as store:
        handle(plans_on(store), "add-stakeholder", id="cio", level="executive", name="Jäne Doe")
        more(store, 30)
    (home / "later").write_text(plantrail("checkpoint", **given).stdout)
    return given


@pytest.fixture(scope="module")
def bundle(told, tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("bundle") / "acme.zip"
    plantrail("audit-bundle", "acme", "-o", str(file), "--checkpoint", f"{told['PLANTRAIL_HOME']}/kept", **told)
    return file


def test_what_was_bundled_is_told_to_programs_as_well(told, tmp_path):
    file = tmp_path / "acme.zip"
    made = json.loads(plantrail("audit-bundle", "acme", "-o", str(file), "--json", **told).stdout)
    assert made["sha256"] == sha256(file.read_bytes()).hexdigest()
    with ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert made["file"] == str(file)
    assert {name: made[name] for name in ("plan_id", "account_id", "version")} == {
        name: manifest[name] for name in ("plan_id", "account_id", "version")
    }
    assert made["log_head"] == {name: manifest[name] for name in ("log", "size", "root", "sealed_at")}


@pytest.fixture(scope="module")
def files(bundle) -> Files:
    with ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def outsider(bundle: Path, *words: str) -> tuple[int, str]:
    """The verifier of the bundle alone, run by a bare interpreter."""
    folder = bundle.parent / "outside"
    with ZipFile(bundle) as archive:
        archive.extract("verify_bundle.py", folder)
    command = [sys.executable, "-I", "verify_bundle.py", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={}, check=False)
    return done.returncode, done.stdout + done.stderr


def test_an_outsider_is_told_what_is_proven_and_what_is_not(bundle, files, told):
    code, said = outsider(bundle, str(bundle))
    versions = len(files["events.jsonl"].splitlines())
    assert code == 0, said
    assert f"Proven: events 1 to {versions} of account acme are under it, byte for byte as here, none left out." in said
    assert "is signed by the key in the bundle; compare that with one from elsewhere (--key)." in said
    assert "Proven: the log only grew since it had" in said
    assert "What was recorded after the checkpoint is not covered." in said
    key, kept = plantrail("checkpoint", "--key", **told).stdout.strip(), f"{told['PLANTRAIL_HOME']}/kept"
    code, said = outsider(bundle, str(bundle), "--key", key, "--checkpoint", kept)
    assert code == 0, said
    assert "is signed by the key you trust." in said
    assert "is of the same history." in said


def test_an_outsider_is_told_what_is_wrong(bundle, files, tmp_path):
    altered = packed(files | {"events.jsonl": files["events.jsonl"].replace(b"ann", b"ben", 1)}, tmp_path)
    assert outsider(bundle, str(altered)) == (1, "WRONG: Version 1 is not under the checkpoint as it is here.\n")
    assert outsider(bundle, str(bundle), "--key", str(EARLIER.verifier("plantrail/other"))) == (
        1,
        "WRONG: The key of the bundle is not the one you trust.\n",
    )
    code, said = outsider(bundle, str(tmp_path / "none.zip"))
    assert (code, "Traceback" in said) == (1, False)


def test_an_outsider_compares_two_checkpoints(bundle, told, tmp_path):
    home = Path(told["PLANTRAIL_HOME"])
    key = plantrail("checkpoint", "--key", **told).stdout.strip()
    kept, later = (home / name for name in ("kept", "later"))
    where = ConnectionStrings(told["DATABASE_URL"], told["PLANTRAIL_OWNER_URL"], told["PLANTRAIL_KEYS_URL"])
    with opened(where, KEY) as store:
        old, new = (int(file.read_text().split("\n")[1]) for file in (kept, later))
        hashes = [b64encode(hash).decode() for hash in store.tree.consistency(old, new)]
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps({"old": old, "new": new, "hashes": hashes}))
    compare = ("--key", key, "--compare")
    assert outsider(bundle, *compare, *map(str, (kept, later, proof))) == (
        0,
        f"Proven: the log with {new} events continues the one with {old}: nothing before was altered.\n",
    )
    assert outsider(bundle, *compare, *map(str, (later, kept, proof)))[0] == 1


def test_the_bundle_holds_what_is_stored_and_the_reports(files, told_store):
    stored = [row for row in log(told_store.service) if str(row.plan_id) in files["manifest.json"].decode()]
    lines = files["events.jsonl"].splitlines()
    assert [line[line.index(b'"state":') + 8 : -1] for line in lines] == [row.state for row in stored]
    assert files["report.md"].startswith(b"# ")
    assert files["report.html"].startswith(b"<!DOCTYPE html>")
    given = [json.loads(line) for line in files["words.jsonl"].splitlines()]
    assert [json.loads(each["text"]) for each in given] == [{"name": "Jäne Doe"}]


def test_a_bundle_as_of_a_cut_ends_there_and_words_may_be_left_out(told, tmp_path):
    file = tmp_path / "cut.zip"
    plantrail("audit-bundle", "acme", "--as-of", "version:3", "--sealed", "-o", str(file), **told)
    assert "events 1 to 3 of account acme" in verify(Bundle(file), None, None)[1]
    with ZipFile(file) as archive:
        assert archive.read("words.jsonl") == b""
        assert "report.md" not in archive.namelist()
    assert "exists already" in refused("audit-bundle", "acme", "-o", str(file), **told)


# Mutations


def packed(files: Files, folder: Path, listed_anew: bool = True) -> Path:
    """A bundle of these files; its manifest says what they are."""
    files = dict(files)
    if listed_anew:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {name: sha256(files[name]).hexdigest() for name in manifest["files"] if name in files}
        files["manifest.json"] = json.dumps(manifest).encode()
    file = folder / "mutated.zip"
    with ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file


def is_wrong(file: Path) -> bool:
    try:
        verify(Bundle(file), None, None)
    except (Wrong, OSError, ValueError, KeyError, TypeError, AttributeError):
        return True  # as `main` takes them
    return False


def test_any_byte_that_is_altered_in_any_file_is_found(files, tmp_path):
    random = Random(5)
    assert not is_wrong(packed(files, tmp_path, listed_anew=False))
    for name in files.keys() - {"verify_bundle.py", "manifest.json"}:
        for _ in range(10):
            place = random.randrange(len(files[name]))
            content = bytearray(files[name])
            content[place] ^= 1 << random.randrange(8)
            assert is_wrong(packed(files | {name: bytes(content)}, tmp_path, listed_anew=False)), (name, place)


def test_what_proves_cannot_be_altered_with_the_manifest_either(files, tmp_path):
    random = Random(6)
    for name in ("events.jsonl", "proofs.jsonl", "words.jsonl", "checkpoint.txt", "key.txt", *earlier(files)):
        for _ in range(25):
            content = bytearray(files[name])
            place = random.randrange(len(content))
            content[place] ^= 1 << random.randrange(8)
            same = content.decode("utf-8", "replace").lower() == files[name].decode().lower()  # of hexadecimal digits
            assert same or is_wrong(packed(files | {name: bytes(content)}, tmp_path)), (name, place, bytes(content))


def earlier(files: Files) -> list[str]:
    return [name for name in files if name.startswith("earlier/")]


def without(line: int) -> Callable[[bytes], bytes]:
    return lambda content: b"".join(each for place, each in enumerate(content.splitlines(True)) if place != line)


@pytest.mark.parametrize("line", [0, 3, -1])
def test_no_event_can_be_left_out_but_the_last_and_then_the_manifest_says_so(line, files, tmp_path):
    at = line if line >= 0 else len(files["events.jsonl"].splitlines()) - 1
    fewer = {name: without(at)(files[name]) for name in ("events.jsonl", "proofs.jsonl")}
    assert is_wrong(packed(files | fewer, tmp_path))


def test_the_end_of_a_salt_cannot_be_passed_off_as_words():
    salted = b"s" * 31 + b"Z" + b"agreed"
    states = [{"sealed": [{"commitment": sha256(salted).hexdigest()}]}]

    def given(salt: str, text: str) -> Any:
        line = json.dumps({"version": 1, "part": 0, "salt": salt, "text": text}).encode()
        return SimpleNamespace(lines=lambda _: [line])

    assert verify_bundle.words_proven(given(salted[:32].hex(), "agreed"), states) == 1
    with pytest.raises(Wrong):
        verify_bundle.words_proven(given(salted[:31].hex() + "  ", "Zagreed"), states)


def test_events_cannot_change_places_and_no_file_comes_or_goes(files, tmp_path):
    events = files["events.jsonl"].splitlines(True)
    for (a, one), (b, other) in list(pairwise(enumerate(events)))[:4]:
        swapped = [*events[:a], other, one, *events[b + 1 :]]
        assert is_wrong(packed(files | {"events.jsonl": b"".join(swapped)}, tmp_path))
    assert is_wrong(packed(files | {"more.txt": b"more"}, tmp_path))
    for name in files.keys() - {"verify_bundle.py"}:
        fewer = {other: content for other, content in files.items() if other != name}
        assert is_wrong(packed(fewer, tmp_path, listed_anew=False)), name


@given(message=some.binary(max_size=200), place=some.integers(0, 63), bit=some.integers(0, 7))
@settings(max_examples=examples(4))
def test_the_verifier_takes_the_signatures_that_ed25519_takes_and_no_others(message, place, bit):
    private = Ed25519PrivateKey.generate()
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    altered = bytearray(signature)
    altered[place] ^= 1 << bit
    assert verify_bundle.is_signed(public, message, signature)
    assert not verify_bundle.is_signed(public, message, bytes(altered))
    assert not verify_bundle.is_signed(public, message + b"x", signature)
    assert not verify_bundle.is_signed(Ed25519PrivateKey.generate().public_key().public_bytes_raw(), message, signature)
    # The same signature in another spelling is none: its scalar must be less than the order of the group.
    scalar = int.from_bytes(signature[32:], "little") + verify_bundle.ORDER
    assert not verify_bundle.is_signed(public, message, signature[:32] + scalar.to_bytes(32, "little"))
    for odd in (b"", signature[:63], signature + b"x"):
        assert not verify_bundle.is_signed(public, message, odd)
    assert not verify_bundle.is_signed(b"\xff" * 32, message, signature)


def test_the_verifier_needs_nothing_but_python(bundle, files, tmp_path):
    (tmp_path / "verify_bundle.py").write_bytes(files["verify_bundle.py"])
    words = [sys.executable, "-I", "-S", str(tmp_path / "verify_bundle.py"), str(bundle)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Proven: the checkpoint of ")
    readme = files["README.md"].decode()
    assert all(name in readme for name in files if "/" not in name and name != "README.md")


def test_the_verifier_computes_what_we_do():
    for name in ("leaf_hash", "node_hash"):
        arguments = (b"a",) if name == "leaf_hash" else (b"a" * 32, b"b" * 32)
        assert getattr(verify_bundle, name)(*arguments) == getattr(merkle, name)(*arguments)
    assert verify_bundle.entry_of(7, NAMESPACE, 2, b"X", b"{}") == entry_of(7, NAMESPACE, 2, "X", b"{}")
    assert verify_bundle.PLANS == NAMESPACE
    leaves = [bytes([number]) * 32 for number in range(40)]

    def hashes(level: int, begin: int, end: int) -> list[bytes]:
        assert level == 0
        return leaves[begin:end]

    for size in range(1, 40):
        root = merkle.root_of(leaves[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, hashes)
            assert verify_bundle.includes(root, size, index, leaves[index], proof)
            assert not verify_bundle.includes(root, size, index ^ 1, leaves[index], proof)
            grown = merkle.consistency_proof(index, size, hashes)
            assert verify_bundle.continues(merkle.root_of(leaves[:index]), index, root, size, grown)
            assert not verify_bundle.continues(b"x" * 32, index, root, size, grown)
