"""The page that tells which answers of the reference the contract tests provoke.

`python -m tests.contract.compatibility` writes it anew; a test holds it against the scenarios.
"""

from collections import Counter, defaultdict
from pathlib import Path

from tests.contract import reference, test_contract
from tests.contract.scenarios import SCENARIOS

PAGE = Path(__file__).parents[2] / "docs/compatibility-answers.md"

_HEAD = """# Answers held against the reference

Written by `python -m tests.contract.compatibility` from the scenarios of the contract tests; not edited by hand.
Each number is an answer that the reference documents: the suite provokes it, and holds its status, its schema and the
keys of the example against what Callbox answers. What Callbox does beyond this: [compatibility](compatibility.md).

**{seen} of {documented} documented answers of {operations} operations.**
"""


def page() -> str:
    """The page as it has to be."""
    answers = list(reference.documented_answers())
    seen = [answer for answer in answers if answer.key in SCENARIOS or answer.status == 401]
    by_operation: dict[str, Counter[int]] = defaultdict(Counter)
    for answer in seen:
        by_operation[answer.operation][answer.status] += 1
    operations = reference.operations()
    parts = [_HEAD.format(seen=len(seen), documented=len(answers), operations=len(operations))]
    for group in sorted(reference.GROUPS):
        parts.append(f"\n## {group}\n\n| operation | answers |\n|---|---|\n")
        of_group = [key for key, operation in operations.items() if operation["tags"][0] == group]
        parts += [f"| `{key}` | {_counted(by_operation[key])} |\n" for key in of_group]
    return "".join(parts)


def _counted(statuses: Counter[int]) -> str:
    return ", ".join(f"{status}" if count == 1 else f"{status} ({count})" for status, count in sorted(statuses.items()))


if __name__ == "__main__":
    assert test_contract.ANSWERS, "the official description is not at hand"
    PAGE.write_text(page())
