"""For schemathesis, in its own environment: every other request is about something that is there.

FUZZ_KNOWN names a file with the path parameters and a valid body of each operation.
"""

import json
import os
from pathlib import Path

import schemathesis

_KNOWN = json.loads(Path(os.environ["FUZZ_KNOWN"]).read_text())


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Replace made-up ids by known ones where the made-up ones have an even length together.

    Not where the thing itself is deleted: all that comes later would be about nothing.
    """
    known = _known(context, "path")
    is_deleted = context.operation.method.upper() == "DELETE" and len(known) == 1
    if known and not is_deleted and path_parameters and len("".join(map(str, path_parameters.values()))) % 2 == 0:
        return {**path_parameters, **known}
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    """Replace a made-up body of an even length by the valid one with a single key made up."""
    known = _known(context, "body")
    length = len(repr(body))
    if not known or not isinstance(body, dict) or not body or length % 2:
        return body
    key = sorted(body)[length // 2 % len(body)]
    return {**known, key: body[key]}


def _known(context, part):
    return _KNOWN.get(context.operation.label, {}).get(part) or {}
