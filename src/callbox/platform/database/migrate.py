"""Migrations: numbered SQL files, forward only, applied once each, under a lock for servers that start together."""

import hashlib
from collections.abc import Callable
from importlib.resources import files

import asyncpg
import msgspec

from callbox.platform.database.pool import Connection

_LOCK = 0x43414C4C  # any number, but the same in every release


class MigrationError(Exception):
    """The database cannot be brought to this release's schema; the message says what to do."""


class Migration(msgspec.Struct, frozen=True):
    """One file of `migrations/`."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> bytes:
        """What tells whether an applied file was edited afterwards."""
        return hashlib.sha256(self.sql.encode()).digest()


def migrations() -> list[Migration]:
    """All migrations of this release, in order."""
    found = []
    for file in files("callbox.platform.database").joinpath("migrations").iterdir():
        if file.name.endswith(".sql"):
            version, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(version), name, file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.version)


async def migrate(dsn: str, on_progress: Callable[[str], None]) -> list[str]:
    """Apply what is missing; answers the names of what was applied. Raises MigrationError."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        return await _apply_missing(connection, on_progress)
    finally:
        await connection.close()


async def _apply_missing(connection: Connection, on_progress: Callable[[str], None]) -> list[str]:
    await connection.execute(
        """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version    integer PRIMARY KEY,
            name       text NOT NULL,
            sha256     bytea NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    applied = {
        row["version"]: row["sha256"] for row in await connection.fetch("SELECT version, sha256 FROM schema_migrations")
    }
    known = migrations()
    _check(applied, known)
    names = []
    for migration in known:
        if migration.version not in applied:
            on_progress(f"Applying migration {migration.version:04} {migration.name}")
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)",
                    migration.version,
                    migration.name,
                    migration.sha256,
                )
            names.append(migration.name)
    return names


def _check(applied: dict[int, bytes], known: list[Migration]) -> None:
    by_version = {migration.version: migration for migration in known}
    if unknown := sorted(set(applied) - set(by_version)):
        raise MigrationError(
            f"The database has migration {unknown[-1]}, which this release does not know: run a newer Callbox."
        )
    for version, sha256 in applied.items():
        if by_version[version].sha256 != sha256:
            raise MigrationError(f"Migration {version} was edited after this database applied it: restore the file.")


async def applied_version(connection: Connection) -> int | None:
    """The newest migration that a database has, or None where it has no schema of ours."""
    if await connection.fetchval("SELECT to_regclass('public.schema_migrations')") is None:
        return None
    version: int | None = await connection.fetchval("SELECT max(version) FROM schema_migrations")
    return version


async def is_current(connection: Connection) -> bool:
    """Whether the database has exactly this release's migrations."""
    applied = await connection.fetchval("SELECT max(version) FROM schema_migrations")
    return bool(applied == migrations()[-1].version)
