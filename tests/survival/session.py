"""A connection of a test's own that stays between statements, with what it locks."""

import asyncio

import asyncpg

# From the locks alone: who is active is remembered for the length of a transaction.
_WAITING = """
    SELECT DISTINCT w.pid FROM pg_locks w
    WHERE NOT w.granted AND EXISTS (
        SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE l.pid = w.pid AND d.datname = current_database()
    )
"""


class Session:
    """A connection to the database, for tests that are not asynchronous."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        try:
            self._connection = self._runner.run(asyncpg.connect(url))
        except BaseException:
            self._runner.close()
            raise

    def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Run one statement."""
        return list(self._runner.run(self._connection.fetch(statement, *arguments)))

    def execute(self, statements: str) -> None:
        """Run several, without arguments."""
        self._runner.run(self._connection.execute(statements))

    def waiting(self) -> list[int]:
        """Backends that wait for a lock in this database."""
        return [row["pid"] for row in self.fetch(_WAITING)]

    def close(self) -> None:
        """End it."""
        self._runner.run(self._connection.close())
        self._runner.close()
