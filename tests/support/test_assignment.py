"""Who gets a conversation: rules in their order, teams that share out, limits, absence, and removals."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from callbox.support.assignment import jobs
from callbox.support.assignment.queries import Candidate, SharingTeam
from callbox.support.assignment.service import UNASSIGN
from callbox.support.assignment.sharing import choose
from tests.conftest import RunningServer, TestWorkspace
from tests.people.tools import execute
from tests.support.conversations import Desk, Json, error_of, inside, last_part, part_types, parts_of, send_while

Eventually = Callable[[Callable[[], Any]], Any]
NOBODY = {"type": "nobody_admin", "id": None}


def about(word: str) -> Json:
    return {"field": "source.body", "operator": "=", "value": word}


def rule(target: Json, **conditions: Json) -> Json:
    return {"name": f"Rule for {target['type']}", "assign_to": target, **conditions}


def to_admin(admin_id: str, **conditions: Json) -> Json:
    return rule({"type": "admin", "id": admin_id}, **conditions)


def to_team(team_id: str, **conditions: Json) -> Json:
    return rule({"type": "team", "id": team_id}, **conditions)


def share(desk: Desk, team_id: str, method: str, limit: int | None = None) -> None:
    body = {"method": method, "max_open_conversations": limit}
    desk.call("PUT", f"/manage/v1/teams/{team_id}/assignment", json=body)


def run(desk: Desk, conversation: Json) -> Json:
    return desk.post(f"/conversations/{conversation['id']}/run_assignment_rules", {})


def assignees(conversation: Json) -> tuple[int | None, int | None]:
    return conversation["admin_assignee_id"], conversation["team_assignee_id"]


# Rules


def test_without_rules_nothing_is_assigned_and_running_them_says_so(desk: Desk) -> None:
    conversation = desk.start()
    assert (part_types(conversation), assignees(conversation)) == ([], (None, None))
    desk.assign(conversation, desk.me)
    after = run(desk, conversation)
    part = last_part(after)
    assert (part["part_type"], part["body"], part["author"]["type"]) == ("default_assignment", None, "bot")
    assert part["assigned_to"] == NOBODY
    assert assignees(after) == (int(desk.me), None)


def test_the_first_rule_that_is_met_decides(desk: Desk) -> None:
    grace, team = desk.admin(), desk.team_of(desk.me)
    desk.rules(
        to_admin(grace, conversation=about("invoice")),
        to_team(team, conversation=about("invoice"), contact={"field": "role", "operator": "=", "value": "user"}),
        to_team(team, contact={"field": "role", "operator": "=", "value": "lead"}),
        rule({"type": "nobody"}, conversation=about("nothing")),
        to_admin(desk.me),
    )
    lead = desk.lead()["id"]
    for contact, body, expected in (
        ("", "My invoice", (int(grace), None)),
        (lead, "Hello", (None, int(team))),
        (lead, "An invoice", (int(grace), None)),
        ("", "It is nothing", (None, None)),
        ("", "Hello", (int(desk.me), None)),
    ):
        conversation = desk.start(contact, body)
        assert assignees(conversation) == expected, body
        assert part_types(conversation) == ["default_assignment"]
        assert conversation["statistics"]["count_assignments"] == (0 if expected == (None, None) else 1)
        assert assignees(run(desk, conversation)) == expected


def test_running_rules_runs_exactly_those_that_are_stored_now(desk: Desk) -> None:
    grace = desk.admin()
    conversation = desk.start(body="My invoice")
    desk.rules(to_admin(grace, conversation=about("invoice")))
    assert assignees(run(desk, conversation)) == (int(grace), None)
    desk.rules(rule({"type": "nobody"}))
    assert assignees(run(desk, conversation)) == (None, None)
    desk.rules()
    desk.assign(conversation, desk.me)
    assert assignees(run(desk, conversation)) == (int(desk.me), None)


def test_rules_ask_about_the_contact_and_what_is_known_of_them(desk: Desk) -> None:
    desk.post("/data_attributes", {"name": "Plan", "model": "contact", "data_type": "string"})
    tagged, tag = desk.tagged_user()
    desk.rules(
        to_admin(desk.me, contact={"field": "custom_attributes.Plan", "operator": "=", "value": "pro"}),
        to_admin(desk.me, contact={"field": "tag_id", "operator": "=", "value": tag["id"]}),
    )
    pro, free = desk.user(custom_attributes={"Plan": "Pro"}), desk.user(custom_attributes={"Plan": "free"})
    assert [desk.start(each["id"])["admin_assignee_id"] for each in (pro, tagged, free)] == [int(desk.me)] * 2 + [None]


def test_rules_are_read_as_they_were_written(desk: Desk) -> None:
    rules: list[Json] = [
        {
            "name": "Invoices",
            "conversation": {"operator": "AND", "value": [about("invoice"), about("seats")]},
            "contact": None,
            "assign_to": {"type": "admin", "id": desk.me},
        },
        {"name": "Rest", "conversation": None, "contact": None, "assign_to": {"type": "nobody", "id": None}},
    ]
    shown = [{**each, "type": "assignment_rule", "error": None} for each in rules]
    assert desk.rules(*rules) == {"type": "list", "data": shown}
    assert desk.call("GET", "/manage/v1/assignment_rules") == {"type": "list", "data": shown}


def test_a_rule_that_asks_for_what_is_gone_is_met_by_none_and_says_why(desk: Desk) -> None:
    attribute = desk.post(
        "/manage/v1/data_attributes", {"name": "Area", "model": "conversation", "data_type": "string"}
    )
    condition = {"field": "custom_attributes.Area", "operator": "=", "value": None}
    desk.rules(to_admin(desk.me, conversation=condition))
    assert desk.start()["admin_assignee_id"] == int(desk.me)
    desk.call("PUT", f"/data_attributes/{attribute['id']}", json={"archived": True})
    assert desk.start()["admin_assignee_id"] is None
    [shown] = desk.call("GET", "/manage/v1/assignment_rules")["data"]
    assert shown["error"] == "custom_attributes.Area is not a valid field"


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"conversation": {"field": "nothing", "operator": "=", "value": 1}}, (400, "invalid_field")),
        ({"contact": {"field": "source.body", "operator": "=", "value": "x"}}, (400, "invalid_field")),
        ({"conversation": {"operator": "XOR", "value": []}}, (400, "invalid_operator")),
        ({"conversation": "open"}, (400, "parameter_invalid")),
        ({"assign_to": {"type": "admin"}}, (400, "parameter_not_found")),
        ({"assign_to": {"type": "admin", "id": "900000000"}}, (404, "admin_not_found")),
        ({"assign_to": {"type": "team", "id": "900000000"}}, (404, "team_not_found")),
        ({"assign_to": {"type": "robot", "id": "1"}}, (400, "parameter_invalid")),
        ({"assign_to": None}, (400, "parameter_invalid")),
        ({"name": " "}, (400, "parameter_invalid")),
    ],
)
def test_rules_that_make_no_sense_are_refused_as_a_whole(desk: Desk, changed: Json, refusal: tuple[int, str]) -> None:
    kept = desk.rules(to_admin(desk.me))
    sent = {"rules": [to_admin(desk.me), {**to_admin(desk.me), **changed}]}
    assert error_of(desk.api.put("/manage/v1/assignment_rules", json=sent))[:2] == refusal
    assert desk.call("GET", "/manage/v1/assignment_rules") == kept


def test_nobody_gets_anything_by_a_rule_who_has_no_seat_or_is_away_or_gone(desk: Desk) -> None:
    admins = [desk.admin() for _ in range(4)]
    desk.rules(*(to_admin(each, conversation=about(f"w{number}")) for number, each in enumerate(admins)))
    desk.go_away(admins[0])
    desk.go_away(admins[1], reassign=True)
    desk.call("PUT", f"/manage/v1/admins/{admins[2]}", json={"has_inbox_seat": False})
    desk.call("DELETE", f"/manage/v1/admins/{admins[3]}")
    for number in range(4):
        conversation = desk.start(body=f"w{number}")
        assert assignees(conversation) == (None, None)
        assert last_part(conversation)["assigned_to"] == NOBODY


def test_rules_of_another_workspace_are_its_own(desk: Desk, other: TestWorkspace) -> None:
    desk.rules(to_admin(desk.me))
    theirs = Desk(other.api)
    assert theirs.start()["admin_assignee_id"] is None
    sent = {"rules": [to_admin(desk.admin()), to_team(desk.team_of(desk.me))]}
    assert error_of(other.api.put("/manage/v1/assignment_rules", json=sent))[0] == 404


# Teams


def test_a_team_shares_out_by_hand_unless_told_otherwise(desk: Desk) -> None:
    team = desk.team_of(desk.me)
    by_hand = {"type": "team_assignment", "team_id": team, "method": "manual", "max_open_conversations": None}
    assert desk.call("GET", f"/manage/v1/teams/{team}/assignment") == by_hand
    desk.rules(to_team(team))
    assert assignees(desk.start()) == (None, int(team))
    share(desk, team, "balanced", 7)
    balanced = {**by_hand, "method": "balanced", "max_open_conversations": 7}
    assert desk.call("GET", f"/manage/v1/teams/{team}/assignment") == balanced
    for path in ("/manage/v1/teams/900000000/assignment", "/manage/v1/admins/900000000/assignment"):
        assert desk.api.get(path).status_code == 404
        assert desk.api.put(path, json={"method": "manual", "max_open_conversations": None}).status_code == 404
    for wrong in ({"method": "lottery"}, {"method": "balanced", "max_open_conversations": 0}):
        refused = desk.api.put(f"/manage/v1/teams/{team}/assignment", json=wrong)
        assert error_of(refused)[:2] == (400, "parameter_invalid")


def test_round_robin_goes_from_member_to_member_and_passes_who_is_away(desk: Desk) -> None:
    members = [desk.admin() for _ in range(3)]
    team = desk.team_of(*members)
    share(desk, team, "round_robin")
    desk.rules(to_team(team))
    got = []
    for number in range(7):
        if number == 3:
            desk.go_away(members[1])
        conversation = desk.start()
        assert conversation["team_assignee_id"] == int(team)
        [part] = parts_of(conversation)
        assert part["part_type"] == "default_assignment"
        assert part["assigned_to"] == {"type": "admin", "id": str(conversation["admin_assignee_id"])}
        got.append(members.index(str(conversation["admin_assignee_id"])))
    assert got == [0, 1, 2, 0, 2, 0, 2]


def test_round_robin_gives_to_the_team_alone_where_nobody_is_there(desk: Desk) -> None:
    member = desk.admin()
    team = desk.team_of(member)
    share(desk, team, "round_robin")
    desk.rules(to_team(team))
    desk.go_away(member)
    conversation = desk.start()
    assert assignees(conversation) == (None, int(team))
    assert last_part(conversation)["assigned_to"] == {"type": "team", "id": team}


def test_those_of_second_priority_get_what_nobody_of_the_first_can_take(desk: Desk) -> None:
    first, second = desk.admin(), desk.admin()
    team = desk.team_of(first, second=second)
    share(desk, team, "round_robin")
    desk.rules(to_team(team))
    assert [desk.start()["admin_assignee_id"] for _ in range(3)] == [int(first)] * 3
    desk.go_away(first)
    assert [desk.start()["admin_assignee_id"] for _ in range(2)] == [int(second)] * 2
    desk.come_back(first)
    assert desk.start()["admin_assignee_id"] == int(first)


def test_balanced_assignment_gives_to_who_has_least_and_says_so_apart(desk: Desk) -> None:
    ada, grace = desk.admin(), desk.admin()
    team = desk.team_of(ada, grace)
    share(desk, team, "balanced")
    for _ in range(2):
        desk.assign(desk.start(), ada)
    desk.rules(to_team(team))
    got = [desk.start() for _ in range(4)]
    assert [each["admin_assignee_id"] for each in got] == [int(grace), int(grace), int(ada), int(grace)]
    to_the_team, to_a_member = parts_of(got[0])
    assert (to_the_team["part_type"], to_the_team["assigned_to"]) == (
        "default_assignment",
        {"type": "team", "id": team},
    )
    assert (to_a_member["part_type"], to_a_member["author"]["type"], to_a_member["assigned_to"]) == (
        "message_strategy_assignment",
        "bot",
        {"type": "admin", "id": grace},
    )


@pytest.mark.parametrize(("method", "is_shared"), [("manual", False), ("round_robin", False), ("balanced", True)])
def test_what_comes_to_a_team_by_hand_is_shared_out_evenly_but_not_in_turn(
    desk: Desk, method: str, is_shared: bool
) -> None:
    team, conversation = desk.team_of(desk.me), desk.start()
    share(desk, team, method)
    after = desk.assign(conversation, team, "team")
    assert assignees(after) == (int(desk.me) if is_shared else None, int(team))
    assert part_types(after) == ["assignment", "message_strategy_assignment"][: 1 + is_shared]


def test_limits_are_the_teams_and_each_members_own(desk: Desk, eventually: Eventually) -> None:
    ada, grace = desk.admin(), desk.admin()
    team = desk.team_of(ada, grace)
    share(desk, team, "balanced", 2)
    own = {"type": "admin_assignment", "admin_id": grace, "max_open_conversations": 1}
    assert desk.call("PUT", f"/manage/v1/admins/{grace}/assignment", json={"max_open_conversations": 1}) == own
    assert desk.call("GET", f"/manage/v1/admins/{grace}/assignment") == own
    desk.rules(to_team(team))
    started = [desk.start() for _ in range(5)]
    got = [each["admin_assignee_id"] for each in started]
    assert Counter(got) == {int(ada): 2, int(grace): 1, None: 2}
    assert got[3:] == [None, None]
    # Somebody gets free: what waited longest is theirs.
    desk.close(next(each for each in started if each["admin_assignee_id"] == int(grace)))
    eventually(lambda: desk.get(started[3]["id"])["admin_assignee_id"] == int(grace))
    waited = desk.get(started[3]["id"])
    assert part_types(waited) == ["default_assignment", "message_strategy_assignment"]
    assert desk.get(started[4]["id"])["admin_assignee_id"] is None
    desk.call("PUT", f"/manage/v1/admins/{grace}/assignment", json={"max_open_conversations": None})
    eventually(lambda: desk.get(started[4]["id"])["admin_assignee_id"] == int(grace))


def test_many_at_once_are_shared_out_evenly(quiet_desk: Desk) -> None:
    desk = quiet_desk
    even, in_turn = [desk.admin() for _ in range(3)], [desk.admin() for _ in range(3)]
    balanced, robin = desk.team_of(*even), desk.team_of(*in_turn)
    share(desk, balanced, "balanced", 7)
    share(desk, robin, "round_robin")
    desk.rules(to_team(balanced, conversation=about("even")), to_team(robin))
    user = desk.user()["id"]
    bodies = ["even"] * 24 + ["in turn"] * 24
    with ThreadPoolExecutor(24) as pool:
        started = list(pool.map(lambda body: desk.start(user, body), bodies))
    got = Counter(each["admin_assignee_id"] for each in started[:24])
    expected: dict[int | None, int] = {int(each): 7 for each in even}
    assert got == expected | {None: 3}
    assert Counter(each["admin_assignee_id"] for each in started[24:]) == {int(each): 8 for each in in_turn}


def _candidate(admin_id: int, load: int = 0, **values: Any) -> Candidate:
    defaults: Json = {"is_secondary": False, "max_open_conversations": None, "last_assigned_at": None}
    return Candidate(admin_id=admin_id, open_conversations=load, **{**defaults, **values})


EARLIER, LATER = datetime(2026, 1, 5, 8, tzinfo=UTC), datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("team", "candidates", "chosen"),
    [
        (SharingTeam("round_robin", None, None), [], None),
        (SharingTeam("round_robin", None, None), [_candidate(3), _candidate(5)], 3),
        (SharingTeam("round_robin", None, 3), [_candidate(3), _candidate(5)], 5),
        (SharingTeam("round_robin", None, 5), [_candidate(3), _candidate(5)], 3),
        (SharingTeam("round_robin", None, 4), [_candidate(3), _candidate(5)], 5),
        (SharingTeam("round_robin", 1, 5), [_candidate(5, 9)], 5),
        (SharingTeam("balanced", 1, None), [_candidate(5, 1)], None),
        (SharingTeam("balanced", None, None), [_candidate(5, 1, max_open_conversations=1), _candidate(7, 9)], 7),
        (
            SharingTeam("balanced", None, None),
            [_candidate(5, 1, last_assigned_at=LATER), _candidate(7, 1, last_assigned_at=EARLIER)],
            7,
        ),
        (SharingTeam("balanced", None, None), [_candidate(5, 1, last_assigned_at=EARLIER), _candidate(7, 1)], 7),
        (SharingTeam("balanced", None, None), [_candidate(5, 9), _candidate(7, 1, is_secondary=True)], 5),
        (SharingTeam("balanced", 9, None), [_candidate(5, 9), _candidate(7, 1, is_secondary=True)], 7),
    ],
)
def test_whom_a_method_chooses(team: SharingTeam, candidates: list[Candidate], chosen: int | None) -> None:
    assert choose(team, candidates) == chosen
    assert choose(team, candidates[::-1]) == chosen


# Away


def test_what_an_away_admin_has_stays_until_the_contact_writes(desk: Desk) -> None:
    away = desk.admin()
    team = desk.team_of(away, desk.me)
    conversation = desk.start()
    desk.assign(conversation, team, "team")
    desk.assign(conversation, away)
    desk.go_away(away, reassign=True)
    assert assignees(desk.get(conversation["id"])) == (int(away), int(team))
    after = desk.write(conversation)
    reply, moved = parts_of(after)[-2:]
    assert reply["part_type"] == "comment"
    assert (moved["part_type"], moved["body"], moved["author"]["id"]) == ("away_mode_assignment", None, away)
    assert moved["assigned_to"] == {"type": "team", "id": team}
    assert assignees(after) == (None, int(team))
    assert desk.assign(conversation, away)["admin_assignee_id"] == int(away)


def test_who_is_away_without_handing_over_keeps_what_they_have(desk: Desk) -> None:
    away, conversation = desk.admin(), desk.start()
    desk.assign(conversation, away)
    desk.go_away(away)
    assert assignees(desk.write(conversation)) == (int(away), None)


@pytest.mark.parametrize(("has_default", "expected"), [(False, NOBODY), (True, None)])
def test_without_a_team_it_goes_where_everything_else_goes(
    desk: Desk, has_default: bool, expected: Json | None
) -> None:
    away, conversation = desk.admin(), desk.start()
    desk.assign(conversation, away)
    if has_default:
        desk.rules(to_admin(away, conversation=about("nothing")), to_admin(desk.me))
    desk.go_away(away, reassign=True)
    after = desk.write(conversation)
    assert last_part(after)["assigned_to"] == (expected or {"type": "admin", "id": desk.me})
    assert assignees(after) == (int(desk.me) if has_default else None, None)


@pytest.mark.parametrize(
    ("method", "part_type"), [("round_robin", "assignment"), ("balanced", "message_strategy_assignment")]
)
def test_a_team_shares_out_what_comes_back_to_it(desk: Desk, method: str, part_type: str) -> None:
    away, here = desk.admin(), desk.admin()
    team = desk.team_of(away, here)
    conversation = desk.start()
    desk.assign(conversation, team, "team")
    desk.assign(conversation, away)
    share(desk, team, method)
    desk.go_away(away, reassign=True)
    after = desk.write(conversation)
    assert part_types(after)[-3:] == ["comment", "away_mode_assignment", part_type]
    assert (last_part(after)["author"]["type"], assignees(after)) == ("bot", (int(here), int(team)))


# Removal


def test_nobody_has_what_a_removed_admin_had(desk: Desk) -> None:
    leaves, team = desk.admin(), desk.team_of(desk.me)
    theirs, mine = desk.start(), desk.start()
    desk.assign(theirs, team, "team")
    desk.assign(theirs, leaves)
    desk.assign(mine, desk.me)
    closed = desk.close(theirs)
    desk.call("DELETE", f"/manage/v1/admins/{leaves}")
    after = desk.get(theirs["id"])
    assert assignees(after) == (None, int(team))
    assert [part["assigned_to"] for part in parts_of(after)] == [{"type": "team", "id": team}, None, None]
    assert (after["state"], part_types(after)) == ("closed", part_types(closed))
    assert assignees(desk.get(mine["id"])) == (int(desk.me), None)
    assert desk.found("admin_assignee_id", "=", int(leaves)) == set()


def test_no_team_has_what_a_deleted_team_had(desk: Desk) -> None:
    team, conversation = desk.team_of(desk.me), desk.start()
    desk.assign(conversation, team, "team")
    desk.assign(conversation, desk.me)
    share(desk, team, "balanced")
    desk.call("DELETE", f"/manage/v1/teams/{team}")
    after = desk.get(conversation["id"])
    assert assignees(after) == (int(desk.me), None)
    assert [part["assigned_to"] for part in parts_of(after)] == [None, {"type": "admin", "id": desk.me}]
    assert desk.found("team_assignee_id", "=", int(team)) == set()


def test_a_team_is_deleted_while_something_of_it_is_shared_out(desk: Desk, server: RunningServer) -> None:
    team, conversation = desk.team_of(desk.me), desk.start()
    desk.assign(conversation, team, "team")
    share(desk, team, "round_robin")
    hold = "SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE"
    share_out = "SELECT FROM team_assignment WHERE team_id = $1 FOR NO KEY UPDATE"
    [answer] = send_while(
        server.database_url,
        hold,
        int(conversation["id"]),
        lambda: desk.api.delete(f"/manage/v1/teams/{team}"),
        then=(share_out, int(team)),
    )
    assert answer.status_code == 200
    assert assignees(desk.get(conversation["id"])) == (None, None)


def test_who_was_given_something_while_being_removed_loses_it_afterwards(
    quiet_server: RunningServer, quiet: TestWorkspace, quiet_desk: Desk
) -> None:
    """A request that began before the removal cannot know of it, and may commit after it."""
    desk, url = quiet_desk, quiet_server.database_url
    leaves, conversation = desk.admin(), desk.start()
    desk.call("DELETE", f"/manage/v1/admins/{leaves}")
    execute(
        url,
        "UPDATE conversations SET admin_assignee_id = $2 WHERE workspace_id = $1",
        quiet.id,
        int(leaves),
    )
    assert desk.get(conversation["id"])["admin_assignee_id"] == int(leaves)
    queued = execute(
        url,
        "SELECT payload, execute_after > now() + interval '30 seconds' FROM pgqueuer WHERE entrypoint = $1",
        UNASSIGN,
    )
    [payload] = [row[0] for row in queued if row[1] and quiet.id.encode() in row[0]]
    [job] = [each for each in jobs.JOBS if each.name == UNASSIGN]
    inside(url, lambda: job.handler(payload))
    assert desk.get(conversation["id"])["admin_assignee_id"] is None
