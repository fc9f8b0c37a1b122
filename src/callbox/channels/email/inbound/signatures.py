"""Whether a mail is really from the domain that it says: by the signature of that domain (DKIM)."""

from collections.abc import Callable

import dkim  # type: ignore[import-untyped]
import structlog

_MOST_SIGNATURES = 5
_DNS_SECONDS = 5

_log = structlog.get_logger("callbox.email")


# From the name of a TXT record to what it says; the DNS unless told otherwise.
LookUp = Callable[..., bytes | None]


def is_signed_by_domain(original: bytes, address: str, look_up: LookUp = dkim.get_txt) -> bool:
    """Whether the address's domain, or one that it is part of, signed this mail with a key that it publishes."""
    domain = address.rpartition("@")[2].encode()
    try:
        mail = dkim.DKIM(original, timeout=_DNS_SECONDS)
        names = [name.strip().lower() for name, _ in mail.headers]
        # Of several writers, the signature might be about another one than is shown.
        if names.count(b"from") != 1:
            return False
        signatures = [name for name in names if name == b"dkim-signature"]
        return any(
            _is_signed_by(mail, place, domain, look_up) for place in range(min(len(signatures), _MOST_SIGNATURES))
        )
    except Exception as error:  # noqa: BLE001  # the library and the DNS fail in many ways; none of them is a proof
        _log.info("signature_not_checked", error=str(error))
        return False


def _is_signed_by(mail: dkim.DKIM, place: int, domain: bytes, look_up: LookUp) -> bool:
    try:
        # With a length, anything might have been added below.
        if not mail.verify(place, dnsfunc=look_up) or b"l" in mail.signature_fields:
            return False
    except dkim.DKIMException:
        return False
    signer: bytes = mail.domain.lower()
    return signer.count(b".") > 0 and (domain == signer or domain.endswith(b"." + signer))
