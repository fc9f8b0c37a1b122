"""The connection pool: what it lends, what it takes back, and how it ends."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import asyncpg
import pytest

from callbox.platform.database import (
    Connection,
    DatabaseUnavailable,
    close_pool,
    connection,
    open_pool,
    pool,
    searching_connection,
    transaction,
    whole_transaction,
)


@pytest.fixture
async def pool_of_two(empty_database_url: str) -> AsyncIterator[None]:
    await open_pool(empty_database_url, 2)
    yield
    await close_pool()


async def server_process() -> int:
    async with connection() as held:
        return held.get_server_pid()


async def is_alive(pid: int) -> bool:
    async with connection() as held:
        return bool(await held.fetchval("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid))


@pytest.mark.usefixtures("pool_of_two")
class TestLending:
    async def test_the_connection_used_last_is_lent_first(self) -> None:
        async with connection() as first, connection() as second:
            pids = first.get_server_pid(), second.get_server_pid()
        assert await server_process() == pids[0]

    async def test_no_more_connections_are_lent_than_the_pool_has(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pool, "ACQUIRE_TIMEOUT_SECONDS", 0.05)
        async with connection(), connection():
            with pytest.raises(DatabaseUnavailable):
                async with connection():
                    pass

    async def test_who_waits_gets_a_connection_that_comes_back(self) -> None:
        async with connection():
            async with connection() as second:
                waiting = asyncio.create_task(server_process())
                await asyncio.sleep(0.01)
                pid = second.get_server_pid()
            assert await waiting == pid

    async def test_who_gives_up_waiting_takes_no_connection_along(self) -> None:
        async with connection(), connection():
            waiting = asyncio.create_task(server_process())
            await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with connection(), connection():
            pass

    @pytest.mark.parametrize(("kind", "has_savepoints"), [(transaction, True), (whole_transaction, False)])
    async def test_a_transaction_inside_another_is_a_savepoint_unless_that_is_whole(
        self, kind: Callable[[], AbstractAsyncContextManager[Connection]], has_savepoints: bool
    ) -> None:
        async with kind() as outer:
            await outer.execute("CREATE TEMPORARY TABLE said ON COMMIT DROP AS SELECT 1 AS place")
            async with transaction() as inner:
                assert inner is outer
                await inner.execute("INSERT INTO said VALUES (2)")
            # PostgreSQL numbers each savepoint that writes as a transaction of its own.
            numbers = await outer.fetchval("SELECT count(DISTINCT xmin::text) FROM said")
        assert numbers == (2 if has_savepoints else 1)
        assert not outer.is_in_transaction()

    async def test_code_inside_a_transaction_joins_it(self) -> None:
        async with transaction() as outer, connection() as inner, searching_connection() as searching:
            assert inner is searching is outer

    async def test_searches_are_planned_each_time_and_fixed_statements_are_not(self) -> None:
        for lend, is_planned_once in ((connection, True), (searching_connection, False)):
            async with lend() as held:
                for number in range(8):
                    await held.fetch("SELECT relname FROM pg_class WHERE oid = $1", number)
                plans = "SELECT generic_plans > 0 FROM pg_prepared_statements WHERE statement LIKE 'SELECT relname%'"
                assert await held.fetchval(plans) == is_planned_once


@pytest.mark.usefixtures("pool_of_two")
class TestTakingBack:
    async def test_a_refused_statement_leaves_the_connection_in_use(self) -> None:
        pid = await server_process()
        with pytest.raises(asyncpg.UndefinedTableError):
            async with connection() as held:
                await held.execute("SELECT * FROM nowhere")
        assert await server_process() == pid

    async def test_an_open_transaction_does_not_reach_the_next_borrower(self) -> None:
        async with connection() as held:
            await held.execute("BEGIN")
            await held.execute("CREATE TABLE half (a int)")
        async with connection() as held:
            assert not held.is_in_transaction()
            assert await held.fetchval("SELECT to_regclass('half')") is None

    async def test_a_connection_that_the_server_ended_is_replaced(self) -> None:
        async with connection() as doomed, connection() as other:
            await other.execute("SELECT pg_terminate_backend($1)", doomed.get_server_pid())
            await asyncio.sleep(0.1)
        async with connection() as first, connection() as second:
            assert await first.fetchval("SELECT 1") == await second.fetchval("SELECT 1") == 1

    async def test_a_statement_that_is_broken_off_does_not_go_on_for_the_next_borrower(self) -> None:
        pid = await server_process()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), connection() as held:
                await held.execute("SELECT pg_sleep(5)")
        assert await server_process() != pid
        async with asyncio.timeout(3):
            while await is_alive(pid):  # noqa: ASYNC110  # the server tells nobody
                await asyncio.sleep(0.02)


async def test_closing_waits_for_what_is_lent(empty_database_url: str) -> None:
    await open_pool(empty_database_url, 2)
    async with connection() as held:
        closing = asyncio.create_task(close_pool())
        await asyncio.sleep(0.01)
        with pytest.raises(DatabaseUnavailable):
            connection()
        assert await held.fetchval("SELECT 1") == 1
        assert not closing.done()
    await closing
    assert held.is_closed()


@asynccontextmanager
async def over_tcp(url: str) -> AsyncIterator[str]:
    """A way by TCP to a database that listens on a Unix socket; to another, its own."""
    parts = urlsplit(url)
    place = dict(parse_qsl(parts.query))
    if not place:
        yield url
        return

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = f"{place['host']}/.s.PGSQL.{place['port']}"
        back, forth = await asyncio.open_unix_connection(path)
        await asyncio.gather(pass_on(reader, forth), pass_on(back, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield urlunsplit(parts._replace(netloc=f"{parts.netloc}127.0.0.1:{port}", query=""))


async def test_a_database_whose_machine_vanished_is_noticed(empty_database_url: str) -> None:
    async with over_tcp(empty_database_url) as url:
        await open_pool(url, 1)
        async with connection() as held:
            assert await held.fetchval("SELECT 1") == 1
            connected = held._transport.get_extra_info("socket")  # type: ignore[attr-defined]
            assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10
            assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
        await close_pool()


async def test_an_unreachable_database_is_unavailable_and_stays_so() -> None:
    await open_pool("postgresql://callbox@127.0.0.1:1/none", 1)
    try:
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable):
                await server_process()
    finally:
        await close_pool()


@pytest.fixture
async def pool_where_one_fits(empty_database_url: str) -> AsyncIterator[str]:
    """A pool of three, on a server that takes one connection from its user; the user's URL."""
    owner = await asyncpg.connect(empty_database_url)
    role, password = f"one_{secrets.token_hex(6)}", secrets.token_hex(6)
    await owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}' CONNECTION LIMIT 1")
    parts = urlsplit(empty_database_url)
    place = f"{role}:{password}@{parts.netloc.rpartition('@')[2]}"
    url = urlunsplit(parts._replace(netloc=place))
    await open_pool(url, 3)
    yield url
    await close_pool()
    await owner.execute(f"DROP ROLE {role}")
    await owner.close()


@pytest.mark.usefixtures("pool_where_one_fits")
class TestFullServer:
    async def test_users_share_the_connections_that_the_server_has_place_for(self) -> None:
        async def ask() -> int:
            async with connection() as held:
                pid = held.get_server_pid()
                await held.execute("SELECT pg_sleep(0.01)")
            return pid

        async with asyncio.timeout(5):
            assert len(set(await asyncio.gather(*(ask() for _ in range(50))))) == 1

    async def test_who_gives_up_leaves_the_connection_to_the_next(self) -> None:
        async with connection():
            waiting = [asyncio.create_task(server_process()) for _ in range(2)]
            await asyncio.sleep(0.1)
            waiting[0].cancel()
            await asyncio.sleep(0)
            assert not waiting[1].done()
        async with asyncio.timeout(5):
            await waiting[1]
            assert await server_process() == await waiting[1]

    async def test_a_server_that_stays_full_is_unavailable_in_the_end(
        self, pool_where_one_fits: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool, "ACQUIRE_TIMEOUT_SECONDS", 0.2)
        other = await asyncpg.connect(pool_where_one_fits)
        with pytest.raises(DatabaseUnavailable, match="no more connections"):
            await server_process()
        await other.close()
        async with asyncio.timeout(5):
            while True:
                with suppress(DatabaseUnavailable):
                    await server_process()
                    break
