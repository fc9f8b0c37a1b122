"""Sets the stage: the firm's people and teams, what it keeps of its customers, its tags, subscriptions and segments."""

from typing import Any

import msgspec

from callbox.demo import firm
from callbox.demo.firm import Teammate
from callbox.demo.stage import Actor, Stage
from callbox.people.data_attributes import service as data_attributes
from callbox.people.data_attributes.schemas import CreateDataAttributeRequest
from callbox.people.segments import service as segments
from callbox.people.segments.schemas import CreateSegmentRequest
from callbox.people.subscription_types import service as subscription_types
from callbox.people.subscription_types.schemas import CreateSubscriptionTypeRequest
from callbox.people.tags import service as tags
from callbox.people.tags.schemas import TagRequest
from callbox.workspace import teams
from callbox.workspace.admins import service as admins
from callbox.workspace.admins.schemas import Admin, CreateAdminRequest, UpdateAdminRequest
from callbox.workspace.teams import CreateTeamRequest, TeamMember


async def set_stage(stage: Stage) -> None:
    """Make what was there before the first customer came."""
    await _found(stage)
    for team in firm.TEAMS:
        members = [TeamMember(stage.team[place].admin_id, priority) for place, priority in team.members]
        made_team = await teams.create_team(stage.at(firm.FOUNDED), CreateTeamRequest(team.name, members))
        stage.teams[team.name] = made_team.id
    for attribute in firm.ATTRIBUTES:
        request = msgspec.convert(msgspec.structs.asdict(attribute), CreateDataAttributeRequest)
        await data_attributes.create_data_attribute(stage.at(firm.FOUNDED), request)
    for subscription_type in firm.SUBSCRIPTION_TYPES:
        wanted = msgspec.convert(subscription_type, CreateSubscriptionTypeRequest)
        made = await subscription_types.create_subscription_type(stage.at(firm.FOUNDED), wanted)
        stage.subscription_types[made.default_translation.name] = made.id
    for name in (*firm.TAGS, *firm.MATTERS):
        stage.tags[name] = (await tags.save_tag(stage.at(firm.FOUNDED), TagRequest(name))).id


async def _found(stage: Stage) -> None:
    """The workspace's only admin becomes the founder. Where there are several, they stay who they are."""
    founder, *others = firm.TEAMMATES
    existing = (await admins.list_admins(stage.caller)).admins
    is_alone = len(existing) == 1
    first = await (_become(stage, existing[0].id, founder) if is_alone else _join(stage, founder))
    stage.team.append(_acting_as(stage, first))
    stage.team += [_acting_as(stage, await _join(stage, teammate)) for teammate in others]


async def _become(stage: Stage, admin_id: str, teammate: Teammate) -> Admin:
    return await admins.update_admin(
        stage.caller, admin_id, UpdateAdminRequest(teammate.email, teammate.name, teammate.job_title)
    )


async def _join(stage: Stage, teammate: Teammate) -> Admin:
    request = CreateAdminRequest(
        teammate.email, teammate.name, teammate.job_title, has_inbox_seat=teammate.has_inbox_seat
    )
    return await admins.create_admin(stage.at(firm.FOUNDED), request)


def _acting_as(stage: Stage, admin: Admin) -> Actor:
    return msgspec.structs.replace(stage.caller, admin_id=int(admin.id), admin_email=admin.email, admin_name=admin.name)


async def create_segments(stage: Stage) -> None:
    """Make the segments, and find the members of all that the workspace has."""
    for segment in firm.SEGMENTS:
        predicate = _with_tag_ids(stage, segment.predicate)
        request = CreateSegmentRequest(segment.name, segment.person_type, predicate)
        await segments.create_segment(stage.team[firm.MAYA], request)
    for made in await segments.list_managed(stage.caller):
        await segments.compute_segment(stage.caller, made.id)


def _with_tag_ids(stage: Stage, predicate: dict[str, Any]) -> dict[str, Any]:
    if predicate.get("field") == "tag_id":
        return {**predicate, "value": stage.tags[predicate["value"]]}
    return predicate
