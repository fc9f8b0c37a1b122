"""Who is connected, and who may be. Kept in unlogged tables while it lasts, for other processes to ask."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from callbox.channels.realtime import queries
from callbox.channels.realtime.queries import Connected
from callbox.channels.realtime.schemas import Presence, Viewer
from callbox.channels.realtime.streams import Stream
from callbox.people.companies import service as companies
from callbox.people.contacts import service as contacts
from callbox.platform.clock import machine_time
from callbox.platform.database import Connection, connection, transaction

# A process that said nothing for so long is gone, and with it whoever was connected to it.
_SILENCE = timedelta(seconds=20)
_MOST_LISTED = 10_000


async def note(process_id: UUID, came: Iterable[Viewer], went: Iterable[Viewer]) -> list[Presence]:
    """The process lives, and these came and went; answers what others do not know yet."""
    came, went = list(came), list(went)
    told = [Presence(viewer, online=True) for viewer in came]
    async with transaction() as held:
        now = machine_time()
        await queries.note_process.run(held, process_id, now)
        await queries.forget_processes.run(held, now - _SILENCE, None)
        if came:
            await queries.note_viewers.run(held, process_id, *_columns(came))
        if went:
            gone = await queries.forget_viewers.all(held, process_id, *_columns(went))
            told += [Presence(Viewer(*each), online=False) for each in gone]
        seen = [(viewer.workspace_id, viewer.id) for viewer in [*came, *went] if viewer.type == "contact"]
        if seen:
            await contacts.note_seen(held, seen, now)
            await companies.note_seen(held, seen, now)
    return told


async def leave(process_id: UUID) -> None:
    """The process ends, and whoever was connected to it went."""
    async with connection() as held:
        await queries.forget_processes.run(held, machine_time() - _SILENCE, process_id)


def _columns(viewers: Sequence[Viewer]) -> tuple[list[str], list[str], list[str]]:
    ordered = sorted(viewers, key=lambda viewer: (viewer.workspace_id, viewer.type, viewer.id))
    return (
        [viewer.workspace_id for viewer in ordered],
        [str(viewer.type) for viewer in ordered],
        [viewer.id for viewer in ordered],
    )


async def online(workspace_id: str) -> list[Connected]:
    """Everybody of a workspace who is connected, admins first."""
    async with connection() as held:
        return await queries.viewers_online.all(held, workspace_id, machine_time() - _SILENCE, _MOST_LISTED)


async def is_online(held: Connection, workspace_id: str, contact_id: str) -> bool:
    """Whether a contact is connected, to whichever process."""
    return await queries.is_contact_online.one(held, workspace_id, contact_id, machine_time() - _SILENCE)


async def refused(streams: Sequence[Stream]) -> list[Stream]:
    """The streams whose token was revoked, or whose admin or contact is gone."""
    viewers = {stream.viewer for stream in streams}
    async with connection() as held:
        tokens = set(await queries.good_tokens.all(held, sorted({stream.token_id for stream in streams})))
        admins = [viewer for viewer in viewers if viewer.type == "admin"]
        found = await queries.admins_present.all(
            held, [admin.workspace_id for admin in admins], [int(admin.id) for admin in admins]
        )
        here = {Viewer(each.workspace_id, "admin", each.id) for each in found}
        people = [viewer for viewer in viewers if viewer.type == "contact"]
        found = await queries.contacts_present.all(
            held, [person.workspace_id for person in people], [person.id for person in people]
        )
        here |= {Viewer(each.workspace_id, "contact", each.id) for each in found}
    return [stream for stream in streams if stream.token_id not in tokens or stream.viewer not in here]
