"""A process that has read the `callbox` program once, and runs each command in a copy of itself.

To read the program takes longer than most commands. A copy is otherwise what `python -m callbox.cli` would be: it has
its own environment, standard streams and exit status.
"""

import json
import os
import sys
from typing import Any

from callbox import cli


def _become(call: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(call["environment"])
    for descriptor, path in enumerate(call["streams"]):
        os.dup2(os.open(path, os.O_RDONLY if descriptor == 0 else os.O_WRONLY), descriptor)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # the one that was there may hold calls
    sys.argv = ["callbox", *call["arguments"]]
    cli.main()
    sys.exit(0)


if __name__ == "__main__":
    for line in sys.stdin:
        copy = os.fork()
        if copy == 0:
            _become(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]), flush=True)
