"""Random sequences of everything that can happen in a conversation, held against a model in a few tables.

The model knows nothing of the server's code: what a part is called, and what it does, is written here once more.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from callbox.support.conversations import snoozes
from tests.conftest import RunningServer, TestWorkspace
from tests.support.conversations import Desk, Json, inside, last_part, part_types, parts_of

NOBODY = {"type": "nobody_admin", "id": None}
FAR_AWAY = 4_000_000_000

STATES = ("open", "closed", "snoozed")

# What an action is called by the state that it finds, and the state that it leaves behind; None: as it was.
TOLD: dict[str, dict[str, tuple[str, str | None]]] = {
    "contact": {"open": ("comment", None), "closed": ("open", "open"), "snoozed": ("open", "open")},
    "answer": {"open": ("comment", None), "closed": ("open", "open"), "snoozed": ("open", "open")},
    "own answer": {"open": ("comment", None), "closed": ("open", "open"), "snoozed": ("comment", None)},
    "note": {"open": ("note", None), "closed": ("note", None), "snoozed": ("note_and_unsnooze", "open")},
    "own note": {"open": ("note", None), "closed": ("note", None), "snoozed": ("note", None)},
    "close": dict.fromkeys(STATES, ("close", "closed")),
    "open": dict.fromkeys(STATES, ("open", "open")),
    "snooze": dict.fromkeys(STATES, ("snoozed", "snoozed")),
    "wake": {"snoozed": ("timer_unsnooze", "open")},
    "assign": {
        "open": ("assignment", None),
        "closed": ("assign_and_reopen", "open"),
        "snoozed": ("assign_and_unsnooze", "open"),
    },
    "rules": dict.fromkeys(STATES, ("default_assignment", None)),
    "quick reply": dict.fromkeys(STATES, ("quick_reply", None)),
    "tags": dict.fromkeys(STATES, ("conversation_tags_updated", None)),
    "added": dict.fromkeys(STATES, ("participant_added", None)),
    "removed": dict.fromkeys(STATES, ("participant_removed", None)),
}


@dataclass
class Model:
    """What a conversation should be."""

    people: list[str]
    waiting_since: int | None
    state: str = "open"
    read: bool = True
    admin: str | None = None
    team: str | None = None
    tags: set[str] = field(default_factory=set)
    teammates: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    redacted: set[int] = field(default_factory=set)
    reopens: int = 0
    assignments: int = 0
    answers: list[int] = field(default_factory=list)
    closed_by: str | None = None

    def tell(self, action: str, *, by: str | None = None) -> str:
        """Something happens; answers what its part is called."""
        part_type, then = TOLD[action][self.state]
        if self.state == "closed" and then == "open":
            self.reopens += 1
        self.state = then or self.state
        self.parts.append(part_type)
        if by is not None and by not in self.teammates:
            self.teammates.append(by)
        return part_type


class Conversation(RuleBasedStateMachine):
    """One conversation of one workspace; the people and things in it are made once."""

    def __init__(self, world: "Place") -> None:
        super().__init__()
        self.world = world
        self.desk = world.desk
        self.model: Model
        self.last: Json

    @initialize()
    def begin(self) -> None:
        self.last = self.desk.start(self.world.people[0])
        self.model = Model([self.world.people[0]], self.last["waiting_since"])

    # Saying

    @rule(who=st.integers(0, 2))
    def contact_writes(self, who: int) -> None:
        person = self.model.people[who % len(self.model.people)]
        self.last = self.desk.write(self.last, intercom_user_id=person)
        self.model.tell("contact")
        self.model.read = True
        if self.model.waiting_since is None:
            self.model.waiting_since = last_part(self.last)["created_at"]

    @rule(who=st.integers(0, 1))
    def admin_answers(self, who: int) -> None:
        admin = self.world.admins[who]
        self.last = self.desk.answer(self.last, admin)
        self.model.tell("own answer" if self.model.admin == admin else "answer", by=admin)
        self._answered()

    def _answered(self) -> None:
        if self.model.waiting_since is not None:
            self.model.answers.append(last_part(self.last)["created_at"] - self.model.waiting_since)
        self.model.waiting_since = None
        self.model.read = False

    @rule(who=st.integers(0, 1))
    def admin_notes(self, who: int) -> None:
        admin = self.world.admins[who]
        self.last = self.desk.leave_note(self.last, admin)
        self.model.tell("own note" if self.model.admin == admin else "note", by=admin)

    @rule()
    def admin_offers_replies(self) -> None:
        options = [{"text": "Yes", "uuid": "22d6d1f4-1a19-41d0-94c2-e54031f78aca"}]
        self.last = self.desk.answer(self.last, kind="quick_reply", reply_options=options)
        self.model.tell("quick reply", by=self.desk.me)
        self.model.read = False

    # Managing

    @rule(who=st.integers(0, 1), farewell=st.booleans())
    def admin_closes(self, who: int, farewell: bool) -> None:
        admin = self.world.admins[who]
        self.last = self.desk.manage(self.last, "close", admin, type="admin", body="Bye" if farewell else None)
        self.model.tell("close", by=admin)
        self.model.closed_by = admin
        if farewell:
            self._answered()
        self.model.waiting_since = None

    @rule()
    def admin_opens(self) -> None:
        self.last = self.desk.manage(self.last, "open")
        self.model.tell("open", by=self.desk.me)

    @rule()
    def admin_snoozes(self) -> None:
        self.last = self.desk.snooze(self.last, FAR_AWAY)
        self.model.tell("snooze", by=self.desk.me)

    @precondition(lambda self: self.model.state == "snoozed")
    @rule()
    def the_time_of_a_snooze_comes(self) -> None:
        self.desk.clock(FAR_AWAY + 1)
        self.world.wake(int(self.last["id"]))
        self.desk.call("PUT", "/manage/v1/clock", json={"now": None})
        self.last = self.desk.get(self.last["id"])
        self.model.tell("wake")

    @rule(to=st.integers(0, 3))
    def admin_assigns(self, to: int) -> None:
        kind, assignee = [
            *(("admin", admin) for admin in self.world.admins),
            ("team", self.world.team),
            ("admin", "0"),
        ][to]
        self.last = self.desk.assign(self.last, assignee, kind)
        self.model.tell("assign", by=self.desk.me)
        self.model.admin = assignee if kind == "admin" and assignee != "0" else None
        if kind == "team":
            self.model.team = assignee
        self.model.assignments += assignee != "0"
        expected = NOBODY if assignee == "0" else {"type": kind, "id": assignee}
        assert last_part(self.last)["assigned_to"] == expected

    @rule()
    def nothing_matches_the_rules(self) -> None:
        self.last = self.desk.post(f"/conversations/{self.last['id']}/run_assignment_rules", {})
        self.model.tell("rules")

    # What hangs on it

    @rule(which=st.integers(0, 1))
    def tag_is_put_on_or_taken_off(self, which: int) -> None:
        tag, path = self.world.tags[which], f"/conversations/{self.last['id']}/tags"
        if tag in self.model.tags:
            self.desk.call("DELETE", f"{path}/{tag}", json={"admin_id": self.desk.me})
        else:
            self.desk.post(path, {"id": tag, "admin_id": self.desk.me})
        self.model.tags ^= {tag}
        self.model.tell("tags", by=self.desk.me)
        self.last = self.desk.get(self.last["id"])

    @rule(who=st.integers(0, 2))
    def person_joins_or_leaves(self, who: int) -> None:
        person, path = self.world.people[who], f"/conversations/{self.last['id']}/customers"
        by = {"admin_id": self.desk.me}
        if person not in self.model.people:
            self.last = self.desk.post(path, {**by, "customer": {"intercom_user_id": person}})
            self.model.people.append(person)
            self.model.tell("added", by=self.desk.me)
        elif len(self.model.people) > 1:
            self.last = self.desk.call("DELETE", f"{path}/{person}", json=by)
            self.model.people.remove(person)
            self.model.tell("removed", by=self.desk.me)
        else:
            assert self.desk.api.request("DELETE", f"{path}/{person}", json=by).status_code == 422

    @rule(which=st.integers(0, 9))
    def text_is_taken_back(self, which: int) -> None:
        spoken = [place for place, part in enumerate(parts_of(self.last)) if part["body"] is not None]
        if not spoken:
            return
        place = spoken[which % len(spoken)]
        part_id = parts_of(self.last)[place]["id"]
        sent = {"type": "conversation_part", "conversation_id": self.last["id"], "conversation_part_id": part_id}
        answer = self.desk.api.post("/conversations/redact", json=sent)
        assert answer.status_code == (400 if place in self.model.redacted else 200)
        self.model.redacted.add(place)
        self.last = self.desk.get(self.last["id"])

    @rule(read=st.booleans())
    def read_is_set(self, read: bool) -> None:
        self.last = self.desk.call("PUT", f"/conversations/{self.last['id']}", json={"read": read})
        self.model.read = read

    # Always

    @invariant()
    def conversation_is_as_the_model(self) -> None:
        shown, model = self.last, self.model
        assert part_types(shown) == model.parts
        assert (shown["state"], shown["open"], shown["read"]) == (model.state, model.state != "closed", model.read)
        assert (shown["snoozed_until"] is not None) == (model.state == "snoozed")
        assert shown["waiting_since"] == model.waiting_since
        assert (shown["admin_assignee_id"], shown["team_assignee_id"]) == (_number(model.admin), _number(model.team))
        assert [each["id"] for each in shown["contacts"]["contacts"]] == model.people
        assert {each["id"] for each in shown["tags"]["tags"]} == model.tags
        teammates = (shown["teammates"] or {"admins": []})["admins"]
        assert [each["id"] for each in teammates] == model.teammates
        assert {place for place, part in enumerate(parts_of(shown)) if part["redacted"]} == model.redacted
        self._statistics_are_as_the_model(shown["statistics"], model)

    def _statistics_are_as_the_model(self, shown: Json, model: Model) -> None:
        assert shown["count_conversation_parts"] == len(model.parts) + 1
        assert (shown["count_reopens"], shown["count_assignments"]) == (model.reopens, model.assignments)
        assert shown["last_closed_by_id"] == _number(model.closed_by)
        answers = sorted(model.answers)
        middle = len(answers) // 2
        median = (answers[middle] + answers[~middle]) // 2 if answers else None
        assert shown["median_time_to_reply"] == median

    def teardown(self) -> None:
        if hasattr(self, "last"):
            fields = {"contact_ids": self.model.people[0], "state": self.model.state, "read": self.model.read}
            for name, value in fields.items():
                assert self.last["id"] in self.desk.found(name, "=", value)


def _number(id_: str | None) -> int | None:
    return None if id_ is None else int(id_)


@dataclass
class Place:
    """What the conversations of a run share."""

    desk: Desk
    people: list[str]
    admins: list[str]
    team: str
    tags: list[str]
    wake: Callable[[int], None]


def test_random_sequences_of_actions(quiet_server: RunningServer, quiet: TestWorkspace, quiet_desk: Desk) -> None:
    desk = quiet_desk

    def wake(conversation_id: int) -> None:
        inside(quiet_server.database_url, lambda: snoozes.wake(quiet.id, conversation_id))

    place = Place(
        desk=desk,
        people=[desk.user()["id"] for _ in range(3)],
        admins=[desk.me, desk.admin()],
        team=desk.team_of(desk.me),
        tags=[desk.tag()["id"] for _ in range(2)],
        wake=wake,
    )
    run_state_machine_as_test(
        cast("type[Conversation]", lambda: Conversation(place)),
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
