"""The Intercom-Version header. Every known version is answered in the shapes of 2.11."""

from callbox.wire.errors import VersionInvalid

SERVED_VERSION = b"2.11"

KNOWN_VERSIONS = frozenset(
    [f"1.{minor}".encode() for minor in range(5)]
    + [f"2.{minor}".encode() for minor in range(18)]
    + [b"preview", b"unstable"]
)


def check_version(requested: bytes) -> None:
    """Refuse a version that nobody knows. An empty header counts as absent."""
    if requested and requested.strip().lower() not in KNOWN_VERSIONS:
        raise VersionInvalid
