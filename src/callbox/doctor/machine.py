"""Checks of the machine and of the settings."""

import os
import resource
import shutil
import stat
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from callbox.doctor.findings import Finding, doubtful, well, wrong
from callbox.settings import Settings

_LITTLE_BYTES = 2 * 2**30
_TOO_LITTLE_BYTES = 200 * 2**20
_FEW_FILES = 4_096
_GUESSED = frozenset({"", "admin", "callbox", "changeme", "password", "postgres", "secret", "test"})


def check_files(settings: Settings) -> list[Finding]:
    """Where files are kept, and whether there is space."""
    found = [_space("data", settings.data)]
    if "://" in settings.files:
        return [*found, well("files", "They are kept in an object store.")]
    directory = Path(settings.files)
    return [*found, _writable(directory), _space("files", directory), _private(directory)]


def _writable(directory: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=directory) as probe:
            probe.write(b"x")
    except OSError as error:
        return wrong("files", f"{directory} cannot be written: {error.strerror}.", "Correct its owner, or make space.")
    return well("files", f"{directory} can be written.")


def _space(what: str, directory: Path) -> Finding:
    try:
        free = shutil.disk_usage(directory).free
    except OSError as error:
        return wrong(f"space for {what}", f"{directory}: {error.strerror}.", "Create it, or correct CALLBOX_DATA.")
    told = f"{free / 2**30:.1f} GB are free in {directory}."
    if free < _TOO_LITTLE_BYTES:
        return wrong(f"space for {what}", told, "Make space now: without it nothing can be written.")
    if free < _LITTLE_BYTES:
        return doubtful(f"space for {what}", told, "Make space, or move to a larger disk.")
    return well(f"space for {what}", told)


def _private(directory: Path) -> Finding:
    if directory.exists() and directory.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH):
        remedy = f"chmod o-rwx {directory}, unless PostgreSQL or another server needs the way."
        return doubtful("privacy of files", "Every user of this machine may read attached files.", remedy)
    return well("privacy of files", "Other users of this machine may not read attached files.")


def check_limits() -> list[Finding]:
    """What the system allows a process."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    told = "A process may open as many files as it likes." if most < 0 else f"A process may open {most} files."
    if 0 <= most < _FEW_FILES:
        return [doubtful("limits", told, "Raise LimitNOFILE=: every connection of a client is one.")]
    found = [well("limits", told)]
    if os.geteuid() == 0:
        found.append(doubtful("user", "Callbox runs as root.", "Give it a user of its own; it needs no rights."))
    return found


def check_settings(settings: Settings) -> list[Finding]:
    """What the environment says, as far as it says something that is seldom meant."""
    found = [_database_password(settings)]
    if settings.trusted_proxies == "*":
        told = "CALLBOX_TRUSTED_PROXIES=* believes everybody's X-Forwarded-For."
        found.append(doubtful("proxies", told, "Name the proxy's address."))
    if settings.allow_private_addresses:
        told = "CALLBOX_ALLOW_PRIVATE_ADDRESSES lets customers have files fetched from your private network."
        found.append(doubtful("private addresses", told, "Leave it off on the internet."))
    if settings.rate_limit == 0:
        told = "CALLBOX_RATE_LIMIT=0: one client can keep the server busy."
        found.append(doubtful("rate limit", told, "Set one."))
    return found


def _database_password(settings: Settings) -> Finding:
    if settings.database_url is None:
        file = settings.data / "postgres-password"
        if file.exists() and file.stat().st_mode & 0o077:
            return wrong("secrets", f"{file} can be read by others.", f"chmod 600 {file}")
        return well("secrets", "The database's password is a random one.")
    password = urlsplit(settings.database_url).password
    if password is not None and unquote(password).lower() in _GUESSED:
        return wrong("secrets", "The database's password can be guessed.", "Set another one.")
    return well("secrets", "The database's password is none of those that everybody tries.")
