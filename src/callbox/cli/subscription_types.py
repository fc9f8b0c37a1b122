"""`callbox subscription-type`: kinds of messages that contacts may refuse or ask for. The API can only read them."""

from typing import Annotated, Any

import typer

from callbox.cli.common import DataOption, WorkspaceOption, group, print_rows, request, run_in_workspace, say
from callbox.people.subscription_types import service
from callbox.people.subscription_types.schemas import CreateSubscriptionTypeRequest, UpdateSubscriptionTypeRequest
from callbox.wire.errors import ParameterInvalid

commands = group("Subscription types: kinds of messages that contacts may refuse, or ask for.")

NameArgument = Annotated[str, typer.Argument(help="What contacts read.")]
ContentOption = Annotated[
    list[str] | None, typer.Option("--content", help="email or sms_message; may be repeated. [default: email]")
]
TranslationOption = Annotated[
    list[str] | None,
    typer.Option(
        "--translation",
        help="Name and description in a further language; may be repeated.",
        metavar="LOCALE=NAME|DESCRIPTION",
    ),
]


@commands.command()
def create(
    name: NameArgument,
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    consent: Annotated[str, typer.Option(help="opt_out: sent unless refused; opt_in: sent if asked for.")] = "opt_out",
    content: ContentOption = None,
    description: Annotated[str, typer.Option(help="What contacts read below the name.")] = "",
    locale: Annotated[str, typer.Option(help="The language of name and description.")] = "en",
    translation: TranslationOption = None,
    state: Annotated[str, typer.Option(help="live, draft or archived.")] = "live",
) -> None:
    """Create a subscription type; prints its id."""
    wanted = request(
        CreateSubscriptionTypeRequest,
        consent_type=consent,
        content_types=content or ["email"],
        default_translation={"name": name, "description": description, "locale": locale},
        translations=[_translation(written) for written in translation or []],
        state=state,
    )
    print(run_in_workspace(data, workspace, lambda caller: service.create_subscription_type(caller, wanted)).id)


def _translation(written: str) -> dict[str, Any]:
    locale, equals, texts = written.partition("=")
    if not equals:
        raise ParameterInvalid(f"translation must be LOCALE=NAME|DESCRIPTION, not {written}")
    name, _, description = texts.partition("|")
    return {"locale": locale, "name": name, "description": description}


@commands.command("list")
def list_(data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """List the subscription types."""
    rows = [
        (
            found.id,
            found.state,
            found.consent_type,
            ",".join(found.content_types),
            ",".join(translation.locale for translation in found.translations),
            found.default_translation.name,
        )
        for found in run_in_workspace(data, workspace, service.list_subscription_types)
    ]
    print_rows(("id", "state", "consent", "content", "languages", "name"), rows)


@commands.command()
def update(
    subscription_type_id: Annotated[str, typer.Argument(help="Its id, as the list shows it.")],
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    content: ContentOption = None,
    translation: TranslationOption = None,
    state: Annotated[str | None, typer.Option(help="live, draft or archived.")] = None,
) -> None:
    """Change what is given; the consent never changes, since contacts answered to it."""
    wanted = request(
        UpdateSubscriptionTypeRequest,
        content_types=content,
        translations=None if translation is None else [_translation(written) for written in translation],
        state=state,
    )
    found = run_in_workspace(
        data, workspace, lambda caller: service.update_subscription_type(caller, subscription_type_id, wanted)
    )
    say(f"Subscription type {found.id}, {found.default_translation.name}, is {found.state}.")
