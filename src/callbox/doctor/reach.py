"""Whether links that Callbox makes lead to it."""

from urllib.parse import urlsplit

from callbox.doctor.findings import Finding, doubtful, well, wrong
from callbox.platform.outgoing import OutgoingFailed, OutgoingRefused, Receiver
from callbox.settings import Settings

_SECONDS = 5.0
_ALIVE = b'"alive"'


async def check_public_url(settings: Settings) -> list[Finding]:
    """The address that links begin with, asked as anybody would."""
    url = settings.public_url
    if url is None:
        told = "CALLBOX_PUBLIC_URL is not set: links in mails and text messages lead to this machine's own address."
        remedy = "Set it to the address under which customers reach the server."
        needed = settings.smtp_url or settings.sms_url
        return [wrong("public address", told, remedy) if needed else doubtful("public address", told, remedy)]
    found = []
    if urlsplit(url).scheme != "https":
        told = f"{url} is not encrypted: tokens and conversations can be read on the way."
        found.append(doubtful("encryption", told, "Put a proxy in front that ends TLS, and name its https address."))
    async with Receiver(connections=1, seconds=_SECONDS, private_allowed=True) as itself:
        try:
            answered = await itself.send("GET", f"{url}/healthz", [("User-Agent", "callbox doctor")])
        except (OutgoingFailed, OutgoingRefused) as error:
            remedy = "Start the server, or correct CALLBOX_PUBLIC_URL, the proxy or the DNS record."
            return [*found, doubtful("public address", f"{url} cannot be reached from here: {error}.", remedy)]
    if answered.status != 200 or _ALIVE not in answered.beginning:
        remedy = "Correct CALLBOX_PUBLIC_URL, or let the proxy pass everything on."
        return [*found, wrong("public address", f"{url} answers {answered.status}, and is not Callbox.", remedy)]
    return [*found, well("public address", f"{url} leads here.")]
