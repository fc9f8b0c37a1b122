"""The documentation tells of what there is, no more and no less."""

import re
from pathlib import Path

import pytest
import typer.main

from callbox.app import API_ROUTES
from callbox.cli import cli
from tests.contract import compatibility, reference

ROOT = Path(__file__).parent.parent
COMPATIBILITY = (ROOT / "docs/compatibility.md").read_text()
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
TABLE = dict(re.findall(r"^\| `([A-Z]+ /\S+)` \| (yes|not yet) \|", COMPATIBILITY, re.MULTILINE))


def _shape(operation: str) -> str:
    """Method and path, whatever its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", operation)


def test_the_compatibility_table_says_what_is_served() -> None:
    described = [route.opt["operation"] for route in API_ROUTES]
    served = {_shape(f"{operation.method} {operation.path}") for operation in described}
    claimed = {_shape(operation) for operation, state in TABLE.items() if state == "yes"}
    assert claimed == served & {_shape(operation) for operation in TABLE}
    assert f"**Served: {len(claimed)} of {len(TABLE)}.**" in COMPATIBILITY


@pytest.mark.skipif(not reference.is_here(), reason="the official description is not at hand")
def test_the_compatibility_table_lists_every_operation_of_the_reference() -> None:
    methods = {"get", "post", "put", "delete"}
    paths = reference.description()["paths"].items()
    assert set(TABLE) == {f"{m.upper()} {path}" for path, each in paths for m in each if m in methods}


@pytest.mark.skipif(not reference.is_here(), reason="the official description is not at hand")
def test_the_page_of_answers_tells_what_the_contract_tests_provoke() -> None:
    assert compatibility.PAGE.read_text() == compatibility.page(), (
        "python -m tests.contract.compatibility writes it anew"
    )


def test_every_setting_is_documented() -> None:
    sources = [path.read_text() for path in (ROOT / "src").rglob("*.py")]
    read = {name for source in sources for name in re.findall(r'environ\w*(?:\.get)?[\[(, ]+"(CALLBOX_\w+)"', source)}
    documented = set(re.findall(r"^\| `(CALLBOX_\w+)`", CONFIGURATION, re.MULTILINE))
    assert read
    assert read <= documented


def test_every_option_of_serve_is_documented() -> None:
    serve = typer.main.get_command(cli).commands["serve"]  # type: ignore[attr-defined]
    options = {option for parameter in serve.params for option in parameter.opts if option != "--help"}
    assert options == set(re.findall(r"^\| `(--[\w-]+)`", CONFIGURATION, re.MULTILINE))


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_commands_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = [page.read_text() for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md")]
    used = {target for page in pages for target in re.findall(r"^(?:`|)make ([a-z-]+)", page, re.MULTILINE)}
    assert used
    assert used <= targets
