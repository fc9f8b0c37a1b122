"""What mail servers say of a mail that they do not take, by the codes of RFC 5321 and the enhanced ones of RFC 3463."""

import re

_ENHANCED = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_PLAIN = re.compile(r"(?<!\d)5\d\d(?!\d)")
_NO_SUCH_ADDRESS = frozenset({"550", "551", "553"})
# Of the same class, but about the address of the sender.
_OF_SENDER = frozenset({"7", "8"})


def is_about_the_address(told: str, status: str = "") -> bool:
    """Whether nobody receives mail at an address: by the first code that says more than that the mail failed."""
    for kind, subject, detail in _ENHANCED.findall(f"{status} {told}"):
        if subject != "0":
            return kind == "5" and subject == "1" and detail not in _OF_SENDER
    plain = _PLAIN.search(told)
    return plain is not None and plain[0] in _NO_SUCH_ADDRESS
