"""`callbox webhook`: who is told of events over HTTP, and how that went."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from callbox.channels.webhooks import service
from callbox.channels.webhooks.policy import set_policy
from callbox.channels.webhooks.schemas import (
    CreateWebhookRequest,
    DeliveriesQuery,
    Delivery,
    UpdateWebhookRequest,
    Webhook,
)
from callbox.cli.common import (
    DataOption,
    WorkspaceOption,
    group,
    print_rows,
    request,
    run_in_workspace,
    say,
    settings_of,
)
from callbox.serving import webhook_policy
from callbox.wire.authentication import Caller

T = TypeVar("T")

commands = group("Webhooks: who is told of events over HTTP.")

IdArgument = Annotated[str, typer.Argument(help="The webhook's id, as the list shows it.")]
NotificationArgument = Annotated[str, typer.Argument(help="The notification's id: notif_…")]


def _run(data: Path | None, workspace: str | None, work: Callable[[Caller], Awaitable[T]]) -> T:
    set_policy(webhook_policy(settings_of(data)))
    return run_in_workspace(data, workspace, work)


@commands.command()
def create(
    url: Annotated[str, typer.Argument(help="Where notifications go; it has to answer HEAD with success.")],
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    topic: Annotated[list[str] | None, typer.Option(help="May be repeated. [default: all]")] = None,
    secret: Annotated[
        str | None, typer.Option(envvar="CALLBOX_WEBHOOK_SECRET", help="What signs notifications; made if left out.")
    ] = None,
) -> None:
    """Create a webhook and send it a ping; prints its id and its secret, which is shown this once."""
    wanted = request(CreateWebhookRequest, url=url, topics=topic, secret=secret)
    made = _run(data, workspace, lambda caller: service.create_webhook(caller, wanted))
    print(f"{made.id}\t{made.secret}")


@commands.command("list")
def list_(data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """List the webhooks."""
    found = _run(data, workspace, service.list_webhooks)
    print_rows(("id", "state", "url", "topics"), [(each.id, each.state, each.url, _topics(each)) for each in found])


def _topics(webhook: Webhook) -> str:
    return "all" if webhook.topics is None else ",".join(webhook.topics)


@commands.command()
def show(webhook_id: IdArgument, data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Show a webhook, and how its receiver has been doing."""
    found = _run(data, workspace, lambda caller: service.get_webhook(caller, webhook_id))
    rows = [
        ("url", found.url),
        ("topics", _topics(found)),
        ("state", found.state),
        ("suspended because", found.suspended_because or "-"),
        ("failing since", _time(found.failing_since)),
        ("held until", _time(found.held_until)),
        ("created", _time(found.created_at)),
    ]
    print_rows(("webhook", found.id), rows)


def _time(seconds: int | None) -> str:
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


@commands.command()
def ping(webhook_id: IdArgument, data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Send a ping."""
    sent = _run(data, workspace, lambda caller: service.ping_webhook(caller, webhook_id))
    say(f"A worker sends {sent.id} now; callbox webhook deliveries {webhook_id} shows how it went.")


@commands.command()
def pause(webhook_id: IdArgument, data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Send nothing until it is resumed; notifications wait, for a week at most."""
    _set_state(webhook_id, "paused", data, workspace)


@commands.command()
def resume(webhook_id: IdArgument, data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Set a paused or suspended webhook going again."""
    _set_state(webhook_id, "active", data, workspace)


def _set_state(webhook_id: str, state: str, data: Path | None, workspace: str | None) -> None:
    wanted = request(UpdateWebhookRequest, state=state)
    found = _run(data, workspace, lambda caller: service.update_webhook(caller, webhook_id, wanted))
    say(f"Webhook {found.id} is {found.state}.")


@commands.command()
def delete(webhook_id: IdArgument, data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Delete a webhook; what waits for it is not sent."""
    _run(data, workspace, lambda caller: service.delete_webhook(caller, webhook_id))
    say(f"Webhook {webhook_id} is deleted.")


@commands.command()
def deliveries(
    webhook_id: IdArgument,
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    state: Annotated[str | None, typer.Option(help="waiting, delivered or failed. [default: all]")] = None,
    limit: Annotated[int, typer.Option(min=1, max=150, help="How many, newest first.")] = 50,
) -> None:
    """List the newest deliveries."""
    query = request(DeliveriesQuery, state=state, per_page=str(limit))
    found = _run(data, workspace, lambda caller: service.list_deliveries(caller, webhook_id, query))
    print_rows(_HEADINGS, [_row(each) for each in found.data])


_HEADINGS = ("notification", "topic", "item", "state", "attempts", "created", "next attempt")


def _row(delivery: Delivery) -> tuple[object, ...]:
    return (
        delivery.id,
        delivery.topic,
        delivery.item_id,
        delivery.state,
        delivery.attempts,
        _time(delivery.created_at),
        _time(delivery.next_attempt_at),
    )


@commands.command()
def attempts(
    webhook_id: IdArgument,
    notification_id: NotificationArgument,
    data: DataOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """List the attempts at a delivery, newest first, and what came of each."""
    found = _run(data, workspace, lambda caller: service.get_delivery(caller, webhook_id, notification_id))
    rows = [
        (each.number, _time(each.sent_at), each.milliseconds, each.status or "-", each.error or each.answer)
        for each in found.latest_attempts
    ]
    print_rows(("attempt", "sent", "milliseconds", "status", "error or answer"), rows)


@commands.command()
def redeliver(
    webhook_id: IdArgument,
    notification_id: NotificationArgument,
    data: DataOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Send a notification again."""
    _run(data, workspace, lambda caller: service.redeliver(caller, webhook_id, notification_id))
    say(f"A worker sends {notification_id} now.")
