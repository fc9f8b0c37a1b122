"""For schemathesis, in its own environment: every other request is about something that is there.

FUZZ_PATHS names a file with the path parameters of each operation.
"""

import json
import os
from pathlib import Path

import schemathesis

_KNOWN = json.loads(Path(os.environ["FUZZ_PATHS"]).read_text())


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Replace made-up ids by known ones where the made-up ones have an even length together."""
    known = _KNOWN.get(context.operation.label)
    if known and path_parameters and len("".join(map(str, path_parameters.values()))) % 2 == 0:
        return {**path_parameters, **known}
    return path_parameters
