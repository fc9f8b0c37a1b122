// The Node SDK as it was before it was generated: majors 4 and 5, which ask for no version and send the token as the
// user name of Basic authentication. Every test stands alone, in a workspace of its own.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

const { CALLBOX_URL: baseURL, CALLBOX_TOKEN: token, CALLBOX_NODE_SDK: installed } = process.env;
const { Client } = createRequire(join(installed, "index.js"))("intercom-client");

const sdk = new Client({ tokenAuth: { token } });
sdk.useRequestOpts({ baseURL });

/** What the SDK has no method for. */
async function call(method, path, body) {
  const answer = await fetch(baseURL + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

const now = () => Math.floor(Date.now() / 1000);
const ids = (items) => items.map((item) => item.id);
const user = (externalId, values = {}) => sdk.contacts.createUser({ externalId, ...values });

/** A company that somebody works for: others are not scrolled to, nor found by tag. */
async function company(companyId) {
  const { id } = await sdk.companies.create({ companyId, name: `Company ${companyId}` });
  await sdk.companies.attachContact({ contactId: (await user(`of-${companyId}`)).id, companyId: id });
  return { id };
}

const myself = async () => (await call("GET", "/me")).id;

/** A conversation that a new user began. */
async function talk(externalId = "u-1") {
  const person = await user(externalId);
  const { conversation_id: id } = await sdk.conversations.create({ userId: person.id, body: "Hello" });
  return { person, id };
}

/** Refusals are told apart by what the SDK makes of them; where it does not look, by what axios does. */
async function refused(promise, status, code) {
  await assert.rejects(promise, (error) => {
    const body = error.body ?? error.response?.data;
    assert.equal(body?.type, "error.list");
    assert.equal(body.errors[0].code, code);
    assert.equal(error.statusCode ?? error.response?.status, status);
    return true;
  });
}

test("admins and activity logs", async () => {
  const [me] = (await sdk.admins.list()).admins;
  assert.equal((await sdk.admins.find({ id: me.id })).email, me.email);
  const away = await sdk.admins.away({ adminId: me.id, enableAwayMode: true, enableReassignMode: true });
  assert.deepEqual([away.away_mode_enabled, away.away_mode_reassign], [true, true]);
  const logs = await sdk.admins.listAllActivityLogs({
    after: new Date(Date.now() - 60_000),
    before: new Date(Date.now() + 60_000),
  });
  assert.ok(logs.activity_logs.some((log) => log.activity_type === "admin_away_mode_change"));
  await refused(sdk.admins.find({ id: "123456" }), 404, "admin_not_found");
  assert.deepEqual(ids((await sdk.ping()).admins), [me.id]);
});

test("a wrong token is refused", async () => {
  const stranger = new Client({ tokenAuth: { token: "wrong" } });
  stranger.useRequestOpts({ baseURL });
  await refused(stranger.tags.list(), 401, "unauthorized");
});

test("teams", async () => {
  const made = await call("POST", "/manage/v1/teams", { name: "Billing", members: [{ admin_id: await myself() }] });
  assert.ok(ids((await sdk.teams.list()).teams).includes(made.id));
  assert.equal((await sdk.teams.find({ id: made.id })).name, "Billing");
});

test("articles", async () => {
  const authorId = Number(await myself());
  const made = await sdk.articles.create({
    title: "Rosters",
    description: "How to",
    body: "<p>One</p>",
    authorId,
    state: "published",
  });
  assert.deepEqual([made.title, made.state, made.author_id], ["Rosters", "published", authorId]);
  const changed = await sdk.articles.update({ id: made.id, title: "Shifts" });
  assert.deepEqual([changed.title, changed.body], ["Shifts", made.body]);
  assert.equal((await sdk.articles.find({ id: made.id })).title, "Shifts");
  await sdk.articles.create({ title: "Second", authorId });
  const first = await sdk.articles.list({ page: 1, perPage: 1 });
  assert.deepEqual([first.data.length, first.total_count], [1, 2]);
  const second = await sdk.nextPage(first.pages);
  assert.equal(second.data.length, 1);
  assert.notEqual(second.data[0].id, first.data[0].id);
  assert.equal(second.pages.next ?? null, null);
  assert.equal((await sdk.articles.delete({ id: made.id })).deleted, true);
});

test("collections", async () => {
  const made = await sdk.helpCenter.collections.create({ name: "Start", description: "First steps" });
  assert.equal((await sdk.helpCenter.collections.find({ id: made.id })).name, "Start");
  assert.equal((await sdk.helpCenter.collections.update({ id: made.id, name: "Begin" })).name, "Begin");
  assert.deepEqual(ids((await sdk.helpCenter.collections.list({ page: 1, perPage: 10 })).data), [made.id]);
  assert.equal((await sdk.helpCenter.collections.delete({ id: made.id })).deleted, true);
});

test("companies", async () => {
  const made = await sdk.companies.create({
    companyId: "c-1",
    name: "Example",
    plan: "Pro",
    size: 50,
    monthlySpend: 100,
    website: "https://example.com",
    industry: "Bread",
    createdAt: 1700000000,
  });
  assert.deepEqual(
    [made.company_id, made.plan.name, made.size, made.remote_created_at],
    ["c-1", "Pro", 50, 1700000000],
  );
  assert.equal((await sdk.companies.update({ companyId: made.id, name: "Renamed" })).name, "Renamed");
  assert.equal((await sdk.companies.find({ companyId: "c-1" })).id, made.id);
  assert.equal((await sdk.companies.find({ name: "Renamed" })).id, made.id);
  const person = await user("u-1");
  assert.equal((await sdk.companies.attachContact({ contactId: person.id, companyId: made.id })).id, made.id);
  assert.deepEqual(ids((await sdk.companies.listAttachedContacts({ companyId: made.id, page: 1, perPage: 5 })).data), [
    person.id,
  ]);
  assert.deepEqual((await sdk.companies.listAttachedSegments({ companyId: made.id })).type, "list");
  assert.deepEqual(ids((await sdk.contacts.listAttachedCompanies({ id: person.id, page: 1, perPage: 5 })).data), [
    made.id,
  ]);
  assert.equal((await sdk.companies.detachContact({ contactId: person.id, companyId: made.id })).id, made.id);
  assert.equal((await sdk.companies.delete({ id: made.id })).deleted, true);
  await refused(sdk.companies.find({ companyId: "c-1" }), 404, "company_not_found");
});

test("companies page by page and by scrolling", async () => {
  const made = [];
  for (let number = 0; number < 3; number += 1) made.push((await company(`c-${number}`)).id);
  const first = await sdk.companies.list({ page: 1, perPage: 2, order: "desc" });
  const second = await sdk.companies.list({ page: 2, perPage: 2, order: "desc" });
  assert.deepEqual([...ids(first.data), ...ids(second.data)].sort(), made.sort());
  assert.deepEqual(ids(await sdk.companies.scroll.each({})).sort(), made);
});

test("contacts", async () => {
  const person = await user("u-1", {
    email: "grace@example.com",
    phone: "+353871234567",
    name: "Grace",
    signedUpAt: 1700000000,
    isUnsubscribedFromEmails: true,
  });
  assert.deepEqual(
    [person.role, person.email, person.signed_up_at, person.unsubscribed_from_emails],
    ["user", "grace@example.com", 1700000000, true],
  );
  assert.equal((await sdk.contacts.find({ id: person.id })).id, person.id);
  assert.equal((await sdk.contacts.update({ id: person.id, name: "Grace Example" })).name, "Grace Example");
  await refused(user("u-1"), 409, "conflict");
  const lead = await sdk.contacts.createLead({ name: "Somebody" });
  assert.equal(lead.role, "lead");
  assert.equal((await sdk.contacts.mergeLeadInUser({ leadId: lead.id, userId: person.id })).id, person.id);
  assert.equal((await sdk.contacts.listAttachedTags({ id: person.id })).type, "list");
  assert.equal((await sdk.contacts.listAttachedSegments({ id: person.id })).type, "list");
  assert.equal((await sdk.contacts.listAttachedEmailSubscriptions({ id: person.id })).type, "list");
  assert.equal((await sdk.contacts.archive({ id: person.id })).archived, true);
  assert.equal((await sdk.contacts.unarchive({ id: person.id })).archived, false);
  assert.equal((await sdk.contacts.delete({ id: person.id })).deleted, true);
  await refused(sdk.contacts.find({ id: person.id }), 404, "not_found");
});

test("contacts page by page", async () => {
  const made = [];
  for (let number = 0; number < 5; number += 1) made.push((await user(`u-${number}`, { name: "Grace" })).id);
  const listed = [];
  let startingAfter;
  do {
    const page = await sdk.contacts.list({ perPage: 2, startingAfter });
    listed.push(...ids(page.data));
    startingAfter = page.pages.next?.starting_after;
  } while (startingAfter);
  assert.deepEqual(listed, made);
  const query = {
    operator: "AND",
    value: [
      { field: "name", operator: "=", value: "Grace" },
      { field: "role", operator: "=", value: "user" },
    ],
  };
  const found = [];
  let cursor;
  do {
    const page = await sdk.contacts.search({
      data: {
        query,
        pagination: { per_page: 2, starting_after: cursor },
        sort: { field: "created_at", order: "ascending" },
      },
    });
    found.push(...ids(page.data));
    cursor = page.pages.next?.starting_after;
  } while (cursor);
  assert.deepEqual(found.sort(), made.sort());
});

test("conversations", async () => {
  const { person, id } = await talk();
  const adminId = await myself();
  assert.equal((await sdk.conversations.find({ id })).source.body, "<p>Hello</p>");
  assert.equal((await sdk.conversations.find({ id, inPlainText: true })).source.body, "Hello");
  assert.equal((await sdk.conversations.update({ id, markRead: true })).read, true);
  const parts = async () => (await sdk.conversations.find({ id })).conversation_parts.conversation_parts;
  await sdk.conversations.replyByIdAsUser({ id, body: "One", intercomUserId: person.id });
  await sdk.conversations.replyByIdAsAdmin({ id, body: "Two", adminId, messageType: "comment" });
  await sdk.conversations.replyByIdAsAdmin({ id, body: "Three", adminId, messageType: "note" });
  await sdk.conversations.replyByLastAsUser({ body: "Four", userId: "u-1" });
  const said = (await parts()).filter((part) => part.body).map((part) => part.body.replace(/<[^>]+>/g, ""));
  assert.deepEqual(said, ["One", "Two", "Three", "Four"]);
  const assigned = await sdk.conversations.assign({ id, type: "admin", adminId, assigneeId: adminId, body: "Mine" });
  assert.equal(String(assigned.admin_assignee_id), adminId);
  const until = now() + 3600;
  assert.equal((await sdk.conversations.snooze({ id, adminId, snoozedUntil: until })).snoozed_until, until);
  assert.equal((await sdk.conversations.open({ id, adminId })).state, "open");
  const closed = await sdk.conversations.close({ id, adminId, body: "Bye" });
  assert.deepEqual([closed.state, closed.open], ["closed", false]);
});

test("the last conversation is answered by an admin", async () => {
  const { id } = await talk();
  const answer = await sdk.conversations.replyByLastAsAdmin({
    adminId: await myself(),
    messageType: "comment",
    body: "Hello yourself",
  });
  assert.equal(answer.id, id);
});

test("participants of a conversation", async () => {
  const { id } = await talk();
  const second = await user("u-2", { email: "second@example.com" });
  const third = await user("u-3");
  const adminId = await myself();
  await sdk.conversations.attachContactAsAdmin({ id, adminId, customer: { intercomUserId: second.id } });
  const both = await sdk.conversations.attachContactAsContact({ id, userId: "u-1", customer: { userId: "u-3" } });
  assert.deepEqual(ids(both.customers ?? both.contacts.contacts).includes(third.id), true);
  const left = await sdk.conversations.detachContactAsAdmin({ conversationId: id, contactId: second.id, adminId });
  assert.ok(!ids(left.contacts?.contacts ?? left.customers).includes(second.id));
});

test("conversations page by page, found and redacted", async () => {
  const made = [];
  for (let number = 0; number < 3; number += 1) made.push((await talk(`u-${number}`)).id);
  const first = await sdk.conversations.list({ perPage: 2 });
  const second = await sdk.conversations.list({ perPage: 2, startingAfter: first.pages.next.starting_after });
  assert.deepEqual([...ids(first.conversations), ...ids(second.conversations)].sort(), made.sort());
  const query = { field: "created_at", operator: ">", value: "1500000000" };
  const found = await sdk.conversations.search({
    data: { query, pagination: { per_page: 10 }, sort: { field: "updated_at", order: "descending" } },
  });
  assert.equal(found.total_count, 3);
  const { source } = await sdk.conversations.find({ id: made[0] });
  const redacted = await sdk.conversations.redactConversationPart({
    type: "source",
    conversationId: made[0],
    sourceId: source.id,
  });
  assert.equal(redacted.source.redacted, true);
});

test("data attributes", async () => {
  const options = [{ value: "gold" }, { value: "silver" }];
  const made = await sdk.dataAttributes.create({
    name: "Tier",
    model: "contact",
    dataType: "string",
    description: "Which",
    options,
  });
  assert.deepEqual([made.full_name, made.options], ["custom_attributes.Tier", ["gold", "silver"]]);
  assert.equal((await sdk.dataAttributes.update({ id: made.id, archived: true })).archived, true);
  const names = async (includeArchived) =>
    (await sdk.dataAttributes.list({ model: "contact", includeArchived })).data.map(({ name }) => name);
  assert.deepEqual([(await names(false)).includes("Tier"), (await names(true)).includes("Tier")], [false, true]);
});

test("a data export", async () => {
  const asked = await sdk.dataExport.create({ createdAtAfter: now() - 86_400, createdAtBefore: now() });
  assert.equal((await sdk.dataExport.find({ id: asked.job_identifier })).job_identifier, asked.job_identifier);
  assert.equal((await sdk.dataExport.cancel({ id: asked.job_identifier })).job_identifier, asked.job_identifier);
});

test("events", async () => {
  const person = await user("u-1", { email: "grace@example.com" });
  await sdk.events.create({ eventName: "ordered", createdAt: now() - 20, userId: "u-1", metadata: { size: "big" } });
  await sdk.events.create({ eventName: "paid", createdAt: now() - 10, id: person.id });
  const listed = await sdk.events.listBy({ userId: "u-1", perPage: 10 });
  assert.deepEqual(
    listed.events.map((event) => event.event_name),
    ["paid", "ordered"],
  );
  const summary = await sdk.events.listBy({ email: "grace@example.com", summary: true });
  assert.deepEqual(summary.events.map((event) => event.name).sort(), ["ordered", "paid"]);
});

test("messages", async () => {
  const person = await user("u-1", { email: "grace@example.com" });
  const id = await myself();
  const inapp = await sdk.messages.create({
    messageType: "inapp",
    body: "Hi",
    from: { type: "admin", id },
    to: { type: "user", id: person.id },
  });
  assert.equal(inapp.message_type, "inapp");
  const email = await sdk.messages.create({
    messageType: "email",
    subject: "News",
    body: "Hi",
    template: "plain",
    from: { type: "admin", id },
    to: { type: "user", id: person.id },
  });
  assert.equal(email.subject, "News");
});

test("notes", async () => {
  const person = await user("u-1");
  const adminId = await myself();
  const made = await sdk.notes.create({ adminId, body: "Likes bread", contactId: person.id });
  assert.equal((await sdk.notes.find({ id: made.id })).body, "<p>Likes bread</p>");
  assert.deepEqual(ids((await sdk.notes.list({ contactId: person.id, page: 1, perPage: 5 })).data), [made.id]);
});

test("segments", async () => {
  const { segments } = await sdk.segments.list({ includeCount: true });
  assert.equal(typeof segments[0].count, "number");
  assert.equal((await sdk.segments.find({ id: segments[0].id, includeCount: true })).name, segments[0].name);
});

test("subscription types", async () => {
  assert.equal((await sdk.subscriptions.listTypes()).type, "list");
});

test("tags", async () => {
  const made = await sdk.tags.create({ name: "VIP" });
  assert.equal((await sdk.tags.update({ id: made.id, name: "Regular" })).name, "Regular");
  const person = await user("u-1");
  assert.equal((await sdk.tags.tagContact({ contactId: person.id, tagId: made.id })).id, made.id);
  assert.deepEqual(ids((await sdk.contacts.listAttachedTags({ id: person.id })).data), [made.id]);
  assert.equal((await sdk.tags.untagContact({ contactId: person.id, tagId: made.id })).id, made.id);
  const { conversation_id: conversationId } = await sdk.conversations.create({ userId: person.id, body: "Hello" });
  const adminId = await myself();
  assert.equal((await sdk.tags.tagConversation({ conversationId, tagId: made.id, adminId })).id, made.id);
  assert.equal((await sdk.tags.untagConversation({ conversationId, tagId: made.id, adminId })).id, made.id);
  const firm = await company("c-1");
  const tagged = await sdk.tags.tagCompanies({ tagName: "Client", companiesIds: [firm.id] });
  assert.deepEqual(ids((await sdk.companies.list({ tagId: tagged.id })).data), [firm.id]);
  await sdk.tags.untagCompanies({ tagName: "Client", companiesIds: [firm.id] });
  assert.deepEqual((await sdk.companies.list({ tagId: tagged.id })).data, []);
  await sdk.tags.delete({ id: made.id });
  assert.deepEqual(ids((await sdk.tags.list()).data), [tagged.id]);
});

test("visitors", async () => {
  const visitor = await call("POST", "/manage/v1/visitors", {});
  assert.equal((await sdk.visitors.find({ userId: visitor.user_id })).id, visitor.id);
  assert.equal((await sdk.visitors.update({ userId: visitor.user_id, name: "Passing" })).name, "Passing");
  const merged = await sdk.visitors.mergeToContact({
    visitor: { userId: visitor.user_id },
    user: { email: "grace@example.com" },
    type: "user",
  });
  assert.deepEqual([merged.role, merged.email], ["user", "grace@example.com"]);
});

test("a call is switched to the messenger", async () => {
  assert.equal((await sdk.phoneCallRedirect.create({ phone: "+353871234567" })).type, "phone_call_redirect");
});

// What those versions ask for, and 2.11 does not have.
test("counts, sections, deleting visitors and parts of assignment rules are not found", async () => {
  await refused(sdk.counts.forApp(), 404, "not_found");
  await refused(sdk.helpCenter.sections.list({ page: 1, perPage: 5 }), 404, "not_found");
  await refused(sdk.visitors.delete({ id: "61baf9b0c0f0c0c0c0c0c0c0" }), 404, "not_found");
  await refused(
    sdk.conversations.assign({ id: (await talk()).id, withRunningAssignmentRules: true }),
    404,
    "not_found",
  );
});
