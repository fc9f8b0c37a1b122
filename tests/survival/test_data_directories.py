"""Where the data may lie, and what is said where it may not."""

import asyncio
import os
import pwd
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from callbox.platform.database.embedded import EmbeddedPostgres, EmbeddedPostgresError
from tests.survival.harness import Installation
from tests.waiting import wait_for

Install = Callable[..., Installation]

AS_ROOT = os.geteuid() == 0


def test_a_path_may_be_relative_and_long_and_hold_spaces_quotes_and_any_script(install: Install) -> None:
    name = "/".join(["it's a long way", "données 数据 🙂", "x" * 100, "100%"])
    installation = install(name)
    upwards = installation.data.parents[2]
    installation.serve("--data", str(installation.data.relative_to(upwards)), cwd=upwards)
    with installation.client() as api:
        assert api.get("/me").status_code == 200

    # A command finds the running database from anywhere, whatever its own directory for temporary files is.
    code, token = installation.run("token", "create", cwd="/", environment={"TMPDIR": "/var/tmp"})
    assert code == 0
    assert installation.stop() == 0

    installation.token = token.strip()
    installation.serve()
    with installation.client() as api:
        assert api.get("/me").status_code == 200
    assert installation.stop() == 0


@pytest.mark.skipif(not AS_ROOT, reason="the whole suite runs as a normal user")
def test_a_normal_user_runs_the_database_as_itself(short_directory: Path) -> None:
    data = short_directory / "of nobody"
    data.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    program = (
        "import os, sys, pathlib; from callbox.platform.database.embedded import EmbeddedPostgres;"
        f"os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid});"
        "postgres = EmbeddedPostgres(pathlib.Path(sys.argv[1]));"
        "print(postgres.start(print), postgres.is_running()); postgres.stop(); print(postgres.is_running())"
    )
    answer = subprocess.run([sys.executable, "-c", program, str(data)], capture_output=True, text=True, check=False)
    assert answer.stdout.splitlines()[1:] == ["True True", "False"], answer.stderr
    assert (data / "postgres").stat().st_uid == nobody.pw_uid


def test_a_socket_directory_that_somebody_else_laid_out_is_refused(install: Install) -> None:
    data = install().data
    place = EmbeddedPostgres(data).status().socket_directory
    place.symlink_to(data.parent)
    try:
        with pytest.raises(EmbeddedPostgresError, match=f"{place} belongs to another user"):
            EmbeddedPostgres(data).start(print)
    finally:
        place.unlink()


def test_a_number_in_a_stale_pid_file_that_another_process_has_now_does_not_matter(install: Install) -> None:
    postgres = EmbeddedPostgres(install().data)
    postgres.start(print)
    pid_file = postgres.status().directory / "postmaster.pid"
    number, _, rest = pid_file.read_text().partition("\n")
    os.kill(int(number), signal.SIGKILL)
    owner = pid_file.stat()
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid, group=owner.st_gid, extra_groups=[]) as bystander:
        try:
            pid_file.write_text(f"{bystander.pid}\n{rest}")
            assert not postgres.is_running()
            assert postgres.start(print)
            assert postgres.is_running()
            postgres.stop()
        finally:
            bystander.kill()


def test_a_server_whose_recovery_goes_on_after_its_starter_was_killed_is_waited_for(install: Install) -> None:
    postgres = EmbeddedPostgres(install().data)
    postgres.start(print)
    killed = postmaster(postgres)
    command = Path(f"/proc/{killed}/cmdline").read_text().split("\0")[:-1]
    os.kill(killed, signal.SIGQUIT)  # it ends at once, and the next has to recover
    wait_for(lambda: not postgres.is_running())
    owner = postgres.status().directory.stat()
    with subprocess.Popen(command, user=owner.st_uid, group=owner.st_gid, extra_groups=[], cwd="/") as recovering:
        wait_for(postgres.is_running)
        assert not postgres.start(print)
        postgres.stop()
        assert recovering.wait() == 0


async def test_a_busy_process_of_a_killed_server_does_not_keep_the_next_from_starting(install: Install) -> None:
    postgres = EmbeddedPostgres(install().data)
    postgres.start(print)
    busy = await asyncpg.connect(postgres.dsn)
    endless = asyncio.create_task(busy.execute("DO $$ BEGIN LOOP END LOOP; END $$"))
    await asyncio.sleep(0.2)
    os.kill(postmaster(postgres), signal.SIGKILL)
    await asyncio.to_thread(postgres.start, print)
    with pytest.raises(asyncpg.PostgresConnectionError):
        await endless
    await asyncio.to_thread(postgres.stop)


def postmaster(postgres: EmbeddedPostgres) -> int:
    return int((postgres.status().directory / "postmaster.pid").read_text().split()[0])


def a_file(data: Path) -> None:
    data.write_text("")


def of_another_version(data: Path) -> None:
    (data / "postgres").mkdir(parents=True)
    (data / "postgres/PG_VERSION").write_text("15\n")


def private_to_root(data: Path) -> None:
    data.mkdir(mode=0o700)


def without_a_password(data: Path) -> None:
    of_another_version(data)
    (data / "postgres/PG_VERSION").write_text("18\n")


def a_link_to_nowhere(data: Path) -> None:
    data.symlink_to("/proc/nowhere")


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (a_file, "cannot be used: .*/data: File exists"),
        (a_link_to_nowhere, "cannot be used: /proc/nowhere: "),
        (of_another_version, "was made by PostgreSQL 15, this release has 18: upgrade it with pg_upgrade"),
        (without_a_password, "PostgreSQL does not start: "),
        pytest.param(
            private_to_root,
            "does not run as root, and the user [a-z]+ may not enter .*/data: put Callbox and its --data where other",
            marks=pytest.mark.skipif(not AS_ROOT, reason="asks for root"),
        ),
    ],
)
def test_a_directory_that_cannot_be_used_is_refused_in_a_sentence(
    install: Install, prepare: Callable[[Path], None], sentence: str
) -> None:
    installation = install()
    prepare(installation.data)
    assert re.search(sentence, refusal(installation))


def test_a_path_that_a_shell_would_read_is_refused(install: Install) -> None:
    assert re.search("must not contain '\\$'", refusal(install("$HOME")))


def test_one_server_uses_a_data_directory_and_one_a_port(installation: Installation, install: Install) -> None:
    installation.serve()
    other = install()
    with ThreadPoolExecutor() as threads:
        same_data = threads.submit(refusal, installation, "--port", "0")
        same_port = threads.submit(refusal, other, "--port", str(installation.port))
    assert re.search(r"is in use by another server \(process \d+\): stop that one or choose", same_data.result())
    assert re.search("Cannot listen on 127.0.0.1 port .*: Address already in use. Choose another", same_port.result())
    with installation.client() as api:
        assert api.get("/me").status_code == 200
    assert installation.stop() == 0


def refusal(installation: Installation, *arguments: str) -> str:
    """What `callbox serve` says when it refuses to start."""
    before = len(installation.log())
    code, _ = installation.run("serve", *arguments)
    said = installation.log()[before:]
    assert code == 1
    assert "Traceback" not in said
    return " ".join(said.split())
