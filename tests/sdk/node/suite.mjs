// The official Node SDK, unchanged but for its base URL, through every method of the groups that Callbox has.
// Every test stands alone, in a workspace of its own, whose token CALLBOX_TOKENS has by the name of the test; of a test
// that is started alone, it is CALLBOX_TOKEN.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beforeEach, test } from "node:test";

const { CALLBOX_URL: baseUrl, CALLBOX_TOKEN, CALLBOX_TOKENS, CALLBOX_NODE_SDK: installed } = process.env;
const load = createRequire(join(installed, "index.js"));
const { IntercomClient, IntercomError, Intercom } = load("intercom-client");
const major = parseInt(load("./node_modules/intercom-client/package.json").version, 10);

let token, sdk;
beforeEach(({ name }) => {
  token = CALLBOX_TOKENS ? JSON.parse(CALLBOX_TOKENS)[name] : CALLBOX_TOKEN;
  sdk = new IntercomClient({ token, baseUrl });
});

/** What the SDK has no method for: a call of the management API. */
async function manage(path, body) {
  const answer = await fetch(`${baseUrl}/manage/v1${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

const user = (external_id, values = {}) => sdk.contacts.create({ external_id, ...values });
const company = (company_id) => sdk.companies.createOrUpdate({ company_id, name: `Company ${company_id}` });
const newVisitor = () => manage("/visitors", {});
const ids = (items) => items.map((item) => item.id);

async function all(page) {
  const items = [];
  for await (const item of await page) items.push(item);
  return items;
}

async function refused(promise, status, code) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof IntercomError);
    assert.equal(error.statusCode, status);
    assert.equal(error.body.errors[0].code, code);
    return true;
  });
}

async function employ(count) {
  const person = await user("u-1");
  const companies = [];
  for (let number = 0; number < count; number += 1) {
    const { id } = await company(`c-${number}`);
    await sdk.companies.attachContact({ contact_id: person.id, id });
    companies.push(id);
  }
  return { person, companies };
}

test("admins", async () => {
  const me = await sdk.admins.identify();
  assert.equal(me.app.region.length, 2);
  assert.deepEqual(ids((await sdk.admins.list()).admins), [me.id]);
  assert.equal((await sdk.admins.find({ admin_id: me.id })).email, me.email);
  const away = await sdk.admins.away({ admin_id: me.id, away_mode_enabled: true, away_mode_reassign: true });
  assert.equal(away.away_mode_enabled, true);
  await refused(sdk.admins.find({ admin_id: "123456" }), 404, "admin_not_found");
});

test("activity logs", async () => {
  const me = await sdk.admins.identify();
  await sdk.admins.away({ admin_id: me.id, away_mode_enabled: true, away_mode_reassign: false });
  const since = String(Math.floor(Date.now() / 1000) - 60);
  const { activity_logs: logs } = await sdk.admins.listAllActivityLogs({ created_at_after: since });
  assert.ok(logs.some((log) => log.activity_type === "admin_away_mode_change" && log.performed_by.id === me.id));
});

test("activity logs since an ISO date", async () => {
  const me = await sdk.admins.identify();
  await sdk.admins.away({ admin_id: me.id, away_mode_enabled: true, away_mode_reassign: false });
  const { activity_logs: logs } = await sdk.admins.listAllActivityLogs({ created_at_after: "2021-12-12" });
  assert.ok(logs.length > 0);
});

test("teams", async () => {
  const me = await sdk.admins.identify();
  const made = await manage("/teams", { name: "Billing", members: [{ admin_id: me.id }] });
  assert.ok(ids((await sdk.teams.list()).teams).includes(made.id));
  const found = await sdk.teams.find({ team_id: made.id });
  assert.deepEqual([found.name, found.admin_ids], ["Billing", [Number(me.id)]]);
  await refused(sdk.teams.find({ team_id: "123456" }), 404, "team_not_found");
});

test("contacts are created, read and changed", async () => {
  const made = await user("u-1", { email: "grace@example.com", name: "Grace", signed_up_at: 1700000000 });
  assert.deepEqual([made.role, made.email, made.signed_up_at], ["user", "grace@example.com", 1700000000]);
  assert.deepEqual(await sdk.contacts.find({ contact_id: made.id }), made);
  const changed = await sdk.contacts.update({ contact_id: made.id, name: "Grace Example" });
  assert.deepEqual([changed.name, changed.email], ["Grace Example", "grace@example.com"]);
});

test("a duplicate contact is refused with the id of the first", async () => {
  const first = await user("u-1");
  await assert.rejects(user("u-1"), (error) => {
    assert.equal(error.statusCode, 409);
    assert.match(error.body.errors[0].message, new RegExp(`id=${first.id}$`));
    return true;
  });
});

test("contacts are archived, brought back and deleted", async () => {
  const { id: contact_id } = await user("u-1");
  assert.equal((await sdk.contacts.archive({ contact_id })).archived, true);
  await refused(sdk.contacts.find({ contact_id }), 404, "not_found");
  assert.equal((await sdk.contacts.unarchive({ contact_id })).archived, false);
  assert.equal((await sdk.contacts.find({ contact_id })).id, contact_id);
  assert.equal((await sdk.contacts.delete({ contact_id })).deleted, true);
  await refused(sdk.contacts.find({ contact_id }), 404, "not_found");
});

test("a lead is merged into a user", async () => {
  const person = await user("u-1");
  const lead = await sdk.contacts.create({ role: "lead", name: "Grace" });
  const merged = await sdk.contacts.mergeLeadInUser({ from: lead.id, into: person.id });
  assert.deepEqual([merged.id, merged.name], [person.id, "Grace"]);
  assert.deepEqual(ids(await all(sdk.contacts.list())), [person.id]);
});

test("the pager of contacts ends", async () => {
  const made = [];
  for (let number = 0; number < 7; number += 1) made.push((await user(`u-${number}`)).id);
  assert.deepEqual(ids(await all(sdk.contacts.list({ per_page: 3 }))), made);
});

test("the pager of a search ends", async () => {
  const made = [];
  for (let number = 0; number < 5; number += 1) made.push((await user(`u-${number}`, { name: "Grace" })).id);
  await user("other", { name: "Ada" });
  const query = { field: "name", operator: "=", value: "Grace" };
  const found = ids(await all(sdk.contacts.search({ query, pagination: { per_page: 2 } })));
  assert.deepEqual(found.sort(), made.sort());
});

test("a search joins filters", async () => {
  const wanted = await user("u-1", { name: "Grace", email: "grace@example.com" });
  await user("u-2", { name: "Grace" });
  const query = {
    operator: Intercom.MultipleFilterSearchRequest.Operator.And,
    value: [
      { field: "name", operator: "=", value: "Grace" },
      { field: "email", operator: "~", value: "example.com" },
    ],
  };
  assert.deepEqual(ids(await all(sdk.contacts.search({ query }))), [wanted.id]);
});

test("companies are created, found, changed and deleted", async () => {
  const made = await sdk.companies.createOrUpdate({ company_id: "c-1", name: "Example Ltd", plan: "Pro", size: 50 });
  assert.deepEqual([made.company_id, made.plan.name, made.size], ["c-1", "Pro", 50]);
  assert.deepEqual(await sdk.companies.find({ company_id: made.id }), made);
  assert.equal((await sdk.companies.retrieve({ company_id: "c-1" })).id, made.id);
  assert.equal((await sdk.companies.retrieve({ name: "Example Ltd" })).id, made.id);
  assert.equal((await sdk.companies.createOrUpdate({ company_id: "c-1", name: "Example plc" })).id, made.id);
  // This method sends no body at all: nothing changes.
  assert.equal((await sdk.companies.update({ company_id: made.id })).name, "Example plc");
  assert.equal((await sdk.companies.delete({ company_id: made.id })).deleted, true);
  await refused(sdk.companies.find({ company_id: made.id }), 404, "company_not_found");
});

test("contacts are attached to companies", async () => {
  const { person, companies } = await employ(3);
  const attached = await sdk.companies.listAttachedContacts({ company_id: companies[0] });
  assert.deepEqual(ids(attached.data), [person.id]);
  const found = ids(await all(sdk.contacts.listAttachedCompanies({ contact_id: person.id, per_page: 2 })));
  assert.deepEqual(found.sort(), companies.sort());
  const left = await sdk.companies.detachContact({ contact_id: person.id, company_id: companies[0] });
  assert.equal(left.user_count, 0);
});

test("the pager of companies ends", async () => {
  const { companies } = await employ(5);
  assert.deepEqual(ids(await all(sdk.companies.list({ per_page: 2 }))).sort(), companies.sort());
});

test("the pager of the scroll ends", async () => {
  const { companies } = await employ(3);
  assert.deepEqual(ids(await all(sdk.companies.scroll())).sort(), companies.sort());
});

test("companies by tag", async () => {
  const { companies } = await employ(2);
  const tag = await sdk.tags.create({ name: "customer", companies: [{ id: companies[0] }] });
  const listed = await sdk.companies.retrieve({ tag_id: tag.id });
  assert.deepEqual([listed.type, ids(listed.data)], ["list", [companies[0]]]);
});

test("notes", async () => {
  const { id: contact_id } = await user("u-1");
  const { id: admin_id } = await sdk.admins.identify();
  const made = await sdk.notes.create({ contact_id, admin_id, body: "Hello" });
  assert.deepEqual([made.body, made.author.id, made.contact.id], ["<p>Hello</p>", admin_id, contact_id]);
  assert.deepEqual(await sdk.notes.find({ note_id: made.id }), made);
  await sdk.notes.create({ contact_id, admin_id, body: "Hello again" });
  await sdk.notes.create({ contact_id, admin_id, body: "And again" });
  assert.equal((await all(sdk.notes.list({ contact_id, per_page: 2 }))).length, 3);
});

test("segments", async () => {
  const { id: contact_id } = await user("u-1");
  const predicate = { field: "external_id", operator: "=", value: "u-1" };
  const made = await manage("/segments", { name: "Only one", person_type: "user", predicate });
  assert.ok(ids((await sdk.segments.list({ include_count: true })).segments).includes(made.id));
  assert.equal((await sdk.segments.find({ segment_id: made.id })).name, "Only one");
  assert.ok(Array.isArray((await sdk.contacts.listAttachedSegments({ contact_id })).data));
  await refused(sdk.segments.find({ segment_id: "667d60998a68186f43bafda1" }), 404, "not_found");
});

test("segments of companies", async () => {
  const { companies } = await employ(1);
  assert.deepEqual((await sdk.companies.listAttachedSegments({ company_id: companies[0] })).data, []);
});

test("subscriptions", async () => {
  const { id: contact_id } = await user("u-1");
  const translation = { name: "News", description: "Once a month", locale: "en" };
  const made = await manage("/subscription_types", {
    state: "live",
    consent_type: "opt_out",
    default_translation: translation,
    translations: [translation],
    content_types: ["email"],
  });
  assert.ok(ids((await sdk.subscriptionTypes.list()).data).includes(made.id));
  await sdk.contacts.attachSubscription({ contact_id, id: made.id, consent_type: "opt_out" });
  assert.deepEqual(ids((await sdk.contacts.listAttachedSubscriptions({ contact_id })).data), [made.id]);
  await sdk.contacts.detachSubscription({ contact_id, subscription_id: made.id });
  assert.deepEqual((await sdk.contacts.listAttachedSubscriptions({ contact_id })).data, []);
});

test("tags of contacts", async () => {
  const { id: contact_id } = await user("u-1");
  const tag = await sdk.tags.create({ name: "VIP" });
  const applied = await sdk.tags.tagContact({ contact_id, id: tag.id });
  assert.deepEqual([applied.name, applied.applied_by.id], ["VIP", (await sdk.admins.identify()).id]);
  assert.deepEqual(ids((await sdk.contacts.listAttachedTags({ contact_id })).data), [tag.id]);
  await sdk.tags.untagContact({ contact_id, tag_id: tag.id });
  assert.deepEqual((await sdk.contacts.listAttachedTags({ contact_id })).data, []);
});

test("tags", async () => {
  const { id: contact_id } = await user("u-1");
  const tag = await sdk.tags.create({ name: "VIP" });
  assert.equal((await sdk.tags.create({ id: tag.id, name: "Very important" })).id, tag.id);
  assert.equal((await sdk.tags.create({ name: "Very important", users: [{ id: contact_id }] })).id, tag.id);
  assert.deepEqual(ids((await sdk.contacts.listAttachedTags({ contact_id })).data), [tag.id]);
  assert.deepEqual((await sdk.tags.list()).data.map((each) => each.name), ["Very important"]);
  assert.equal((await sdk.tags.find({ tag_id: tag.id })).name, "Very important");
  await sdk.tags.delete({ tag_id: tag.id });
  await refused(sdk.tags.find({ tag_id: tag.id }), 404, "not_found");
});

test("companies are tagged and untagged", async () => {
  const { companies } = await employ(1);
  const [company_id] = companies;
  await sdk.tags.create({ name: "customer", companies: [{ id: company_id }] });
  assert.deepEqual((await sdk.companies.find({ company_id })).tags.tags.map((each) => each.name), ["customer"]);
  await sdk.tags.create({ name: "customer", companies: [{ id: company_id, untag: true }] });
  assert.deepEqual((await sdk.companies.find({ company_id })).tags.tags, []);
});

test("data attributes", async () => {
  const options = ["gold", "silver"];
  const made = await sdk.dataAttributes.create({ name: "Tier", model: "contact", data_type: "string", options });
  assert.deepEqual([made.full_name, made.options], ["custom_attributes.Tier", options]);
  const person = await user("u-1", { custom_attributes: { Tier: "gold" } });
  assert.deepEqual(person.custom_attributes, { Tier: "gold" });
  const data_attribute_id = String(made.id);
  const update = (body) => sdk.dataAttributes.update({ data_attribute_id, ...(major < 7 ? body : { body }) });
  assert.equal((await update({ description: "What they pay" })).description, "What they pay");
  await update({ archived: true });
  const names = async (request) => (await sdk.dataAttributes.list(request)).data.map((each) => each.name);
  assert.ok(!(await names({ model: "contact" })).includes("Tier"));
  assert.ok((await names({ model: "contact", include_archived: true })).includes("Tier"));
});

test("events", async () => {
  const person = await user("u-1", { email: "grace@example.com" });
  const now = Math.floor(Date.now() / 1000);
  await sdk.events.create({ id: person.id, event_name: "ordered", created_at: now - 30, metadata: { size: "big" } });
  await sdk.events.create({ user_id: "u-1", event_name: "ordered", created_at: now - 20 });
  await sdk.events.create({ email: "grace@example.com", event_name: "paid", created_at: now - 10 });
  const listed = await sdk.events.list({ type: "user", intercom_user_id: person.id });
  assert.deepEqual(listed.events.map((event) => event.event_name), ["paid", "ordered", "ordered"]);
  const summary = await sdk.events.list({ type: "user", user_id: "u-1", summary: true });
  const counts = Object.fromEntries(summary.events.map((event) => [event.name, event.count]));
  assert.deepEqual(counts, { ordered: 2, paid: 1 });
});

test("event summaries", async () => {
  await user("u-1");
  const event_summaries = { event_name: "imported", count: 12, first: 1600000000, last: 1600000900 };
  await sdk.events.summaries({ user_id: "u-1", event_summaries });
  const { events } = await sdk.events.list({ type: "user", user_id: "u-1", summary: true });
  assert.deepEqual(events.map((event) => [event.name, event.count]), [["imported", 12]]);
});

test("visitors are read and changed", async () => {
  const made = await newVisitor();
  assert.equal((await sdk.visitors.find({ user_id: made.user_id })).id, made.id);
  assert.equal((await sdk.visitors.update({ id: made.id, name: "Grace" })).name, "Grace");
  assert.equal((await sdk.visitors.update({ user_id: made.user_id, name: "Ada" })).name, "Ada");
  await refused(sdk.visitors.find({ user_id: "nobody" }), 404, "not_found");
});

test("visitors become contacts", async () => {
  const [first, second] = [await newVisitor(), await newVisitor()];
  const converted = await sdk.visitors.mergeToContact({
    type: "user",
    user: { user_id: "u-1", email: "grace@example.com" },
    visitor: { user_id: first.user_id },
  });
  assert.deepEqual([converted.role, converted.external_id], ["user", "u-1"]);
  const merged = await sdk.visitors.mergeToContact({
    type: "user",
    user: { id: converted.id },
    visitor: { id: second.id },
  });
  assert.equal(merged.id, converted.id);
});

test("a version of the SDK's choice is accepted", async () => {
  const preview = new IntercomClient({ token, baseUrl, version: "Unstable" });
  assert.equal((await preview.admins.identify()).type, "admin");
});

test("a wrong token is refused", async () => {
  await refused(new IntercomClient({ token: "wrong", baseUrl }).admins.identify(), 401, "unauthorized");
});

const ticketType = () => sdk.ticketTypes.create({ name: "Bug", description: "Broken", category: "Customer" });

async function ticket(attributes = {}) {
  const contact = await user(`u-${Math.random()}`);
  const { id: ticket_type_id } = await ticketType();
  return sdk.tickets.create({ ticket_type_id, contacts: [{ id: contact.id }], ticket_attributes: attributes });
}

test("ticket types and their attributes", async () => {
  const { id: ticket_type_id } = await ticketType();
  const made = await sdk.ticketTypes.attributes.create({
    ticket_type_id,
    name: "Priority",
    description: "How soon",
    data_type: "list",
    list_items: "Low,High",
  });
  assert.deepEqual(made.input_options.list_options.map((option) => option.label), ["Low", "High"]);
  const changed = await sdk.ticketTypes.attributes.update({ ticket_type_id, attribute_id: made.id, archived: true });
  assert.equal(changed.archived, true);
  const renamed = await sdk.ticketTypes.update({ ticket_type_id, name: "Bug report" });
  assert.deepEqual(await sdk.ticketTypes.get({ ticket_type_id }), renamed);
  assert.ok(ids((await sdk.ticketTypes.list()).data).includes(ticket_type_id));
  await refused(sdk.ticketTypes.get({ ticket_type_id: "123456789" }), 404, "not_found");
});

test("tickets are created, read, changed and found", async () => {
  const made = await ticket({ _default_title_: "example" });
  assert.deepEqual([made.ticket_id, made.ticket_state], ["1", "submitted"]);
  assert.deepEqual(await sdk.tickets.get({ ticket_id: made.id }), made);
  const { id: me } = await sdk.admins.identify();
  const assignment = { admin_id: me, assignee_id: me };
  const changed = await sdk.tickets.update({ ticket_id: made.id, state: "in_progress", assignment });
  assert.deepEqual([changed.ticket_state, changed.admin_assignee_id], ["in_progress", me]);
  const query = { field: "state", operator: "=", value: "in_progress" };
  assert.deepEqual(ids(await all(sdk.tickets.search({ query }))), [made.id]);
  const unknown = { admin_id: "123", assignee_id: me };
  await refused(sdk.tickets.update({ ticket_id: made.id, assignment: unknown }), 404, "assignee_not_found");
});

test("the pager of a search of tickets ends", async () => {
  const made = [];
  for (let number = 0; number < 5; number += 1) made.push((await ticket()).id);
  const query = { field: "created_at", operator: ">", value: "1306054154" };
  const found = ids(await all(sdk.tickets.search({ query, pagination: { per_page: 2 } })));
  assert.deepEqual(found.sort(), made.sort());
});

test("tickets are answered and tagged", async () => {
  const made = await ticket();
  const { id: me } = await sdk.admins.identify();
  const [{ id: intercom_user_id }] = made.contacts.contacts;
  const heard = await sdk.tickets.reply({
    ticket_id: made.id,
    body: { message_type: "comment", type: "user", intercom_user_id, body: "Thanks again :)" },
  });
  assert.deepEqual([heard.part_type, heard.body], ["comment", "<p>Thanks again :)</p>"]);
  const note = { message_type: "note", type: "admin", admin_id: me, body: "Look" };
  assert.equal((await sdk.tickets.reply({ ticket_id: made.id, body: note })).part_type, "note");
  const { id: tag_id } = await sdk.tags.create({ name: "Beta" });
  assert.equal((await sdk.tags.tagTicket({ ticket_id: made.id, id: tag_id, admin_id: me })).id, tag_id);
  assert.equal((await sdk.tags.untagTicket({ ticket_id: made.id, tag_id, admin_id: me })).id, tag_id);
});

test("a conversation becomes a ticket", async () => {
  const { id } = await user("u-1");
  const message = await sdk.conversations.create({ from: { type: "user", id }, body: "Hello" });
  const { id: ticket_type_id } = await ticketType();
  const made = await sdk.conversations.convertToTicket({ conversation_id: message.conversation_id, ticket_type_id });
  assert.deepEqual([made.id, made.ticket_id], [message.conversation_id, "1"]);
});

async function conversation(values = {}) {
  const { id } = await user("u-1");
  const message = await sdk.conversations.create({ from: { type: "user", id }, body: "Hello there", ...values });
  return { id: message.conversation_id, contact: id, message };
}

const parts = (made) => made.conversation_parts.conversation_parts;

test("conversations are begun, read and answered", async () => {
  const { id, contact, message } = await conversation();
  assert.deepEqual([message.type, message.message_type, message.body], ["user_message", "inapp", "Hello there"]);
  const { id: me } = await sdk.admins.identify();
  const thanks = { message_type: "comment", type: "user", intercom_user_id: contact, body: "Thanks again :)" };
  await sdk.conversations.reply({ conversation_id: id, body: thanks });
  const note = { message_type: "note", type: "admin", admin_id: me, body: "Look" };
  const noted = await sdk.conversations.reply({ conversation_id: id, body: note });
  assert.deepEqual(parts(noted).map((part) => part.part_type), ["comment", "note"]);
  const plain = await sdk.conversations.find({ conversation_id: id, display_as: "plaintext" });
  assert.equal(parts(plain)[0].body, "Thanks again :)");
  await refused(sdk.conversations.find({ conversation_id: "123" }), 404, "not_found");
});

test("conversations are managed", async () => {
  const { id: conversation_id } = await conversation();
  const { id: admin_id } = await sdk.admins.identify();
  const act = (body) => sdk.conversations.manage({ conversation_id, body: { admin_id, ...body } });
  assert.equal((await act({ message_type: "snoozed", snoozed_until: 4_000_000_000 })).state, "snoozed");
  assert.equal((await act({ message_type: "open" })).state, "open");
  const assigned = await act({ message_type: "assignment", type: "admin", assignee_id: admin_id });
  assert.equal(assigned.admin_assignee_id, Number(admin_id));
  assert.equal((await act({ message_type: "close", type: "admin", body: "Goodbye :)" })).state, "closed");
  const ruled = await sdk.conversations.runAssignmentRules({ conversation_id });
  assert.equal(parts(ruled).at(-1).part_type, "default_assignment");
});

test("conversations are changed, tagged and redacted", async () => {
  const { id: conversation_id, message } = await conversation();
  const { id: admin_id } = await sdk.admins.identify();
  await manage("/data_attributes", { name: "issue_type", model: "conversation", data_type: "string" });
  const custom_attributes = { issue_type: "Billing" };
  const changed = await sdk.conversations.update({ conversation_id, read: true, custom_attributes });
  assert.deepEqual(changed.custom_attributes, custom_attributes);
  const { id: tag_id } = await sdk.tags.create({ name: "Beta" });
  const tagged = await sdk.tags.tagConversation({ conversation_id, id: tag_id, admin_id });
  assert.deepEqual([tagged.id, tagged.applied_by.id], [tag_id, admin_id]);
  assert.equal((await sdk.tags.untagConversation({ conversation_id, tag_id, admin_id })).id, tag_id);
  const source = { type: "source", conversation_id, source_id: message.id };
  assert.ok((await sdk.conversations.redactConversationPart(source)).source.redacted);
});

test("contacts join and leave conversations", async () => {
  const { id: conversation_id, contact } = await conversation();
  const { id: admin_id } = await sdk.admins.identify();
  const { id: intercom_user_id } = await user("u-2");
  const joined = await sdk.conversations.attachContactAsAdmin({
    conversation_id,
    admin_id,
    customer: { intercom_user_id },
  });
  assert.deepEqual(ids(joined.contacts.contacts), [contact, intercom_user_id]);
  await sdk.conversations.detachContactAsAdmin({ conversation_id, contact_id: contact, admin_id });
  const last = sdk.conversations.detachContactAsAdmin({ conversation_id, contact_id: intercom_user_id, admin_id });
  await refused(last, 422, "parameter_invalid");
});

test("the pagers of lists and searches of conversations end", async () => {
  const { id, contact } = await conversation();
  const made = [id];
  for (let number = 0; number < 4; number += 1) {
    const more = await sdk.conversations.create({ from: { type: "user", id: contact }, body: "Hello" });
    made.push(more.conversation_id);
  }
  assert.deepEqual(ids(await all(sdk.conversations.list({ per_page: 2 }))).sort(), made.sort());
  const query = { field: "created_at", operator: ">", value: "1306054154" };
  assert.deepEqual(ids(await all(sdk.conversations.search({ query, pagination: { per_page: 2 } }))).sort(), made.sort());
});

test("articles are created, read, changed and deleted", async () => {
  const { id: author } = await sdk.admins.identify();
  const { id: parent } = await sdk.helpCenters.collections.create({ name: "Getting started" });
  const author_id = Number(author);
  const fr = { type: "article_content", title: "Merci", description: "Pour tout", body: "Salut", author_id, state: "draft" };
  const made = await sdk.articles.create({
    title: "Thanks",
    body: "Hello",
    author_id,
    state: "published",
    parent_id: Number(parent),
    parent_type: "collection",
    translated_content: { fr },
  });
  assert.deepEqual([made.body, made.parent_id], ['<p class="no-margin">Hello</p>', Number(parent)]);
  assert.match(made.url, /\/en\/articles\/\d+-thanks$/);
  assert.deepEqual(await sdk.articles.find({ article_id: made.id }), made);
  const changed = await sdk.articles.update({ article_id: made.id, state: "draft", parent_id: "" });
  assert.deepEqual([changed.title, changed.url, changed.parent_id], ["Thanks", null, null]);
  assert.deepEqual(await sdk.articles.delete({ article_id: made.id }), { id: made.id, object: "article", deleted: true });
  await refused(sdk.articles.find({ article_id: made.id }), 404, "not_found");
});

test("articles are listed and searched", async () => {
  const { id: author } = await sdk.admins.identify();
  const made = [];
  for (const title of ["Publish a roster", "Swap a shift", "Roster rules"]) {
    made.push((await sdk.articles.create({ title, author_id: Number(author) })).id);
  }
  assert.deepEqual(ids(await all(sdk.articles.list({ per_page: 2 }))).sort(), made.sort());
  const found = await sdk.articles.search({ phrase: "roster", state: "draft", highlight: true });
  assert.equal(found.total_count, 2);
  assert.deepEqual(found.data.highlights.map((each) => each.article_id), ids(found.data.articles));
  const elsewhere = await sdk.articles.search({ phrase: "roster", help_center_id: 1_000_000 });
  assert.deepEqual(elsewhere.data, { articles: [], highlights: [] });
});

test("collections and help centers", async () => {
  const { collections } = sdk.helpCenters;
  const [center] = await all(sdk.helpCenters.list());
  assert.deepEqual(await sdk.helpCenters.find({ help_center_id: center.id }), center);
  const top = await collections.create({ name: "Top", help_center_id: Number(center.id) });
  const inside = await collections.create({ name: "Inside", parent_id: top.id });
  assert.deepEqual(await collections.find({ collection_id: inside.id }), inside);
  const moved = await collections.update({ collection_id: inside.id, name: "Beside", parent_id: null });
  assert.deepEqual([moved.name, moved.parent_id, moved.order], ["Beside", null, 2]);
  assert.deepEqual(ids(await all(collections.list({ per_page: 1 }))).sort(), [top.id, inside.id].sort());
  assert.ok((await collections.delete({ collection_id: top.id })).deleted);
  await refused(collections.find({ collection_id: top.id }), 404, "not_found");
});

test("news is published on newsfeeds", async () => {
  const { id } = await sdk.admins.identify();
  const sender_id = Number(id);
  const [feed] = (await sdk.news.feeds.list()).data;
  assert.deepEqual(await sdk.news.feeds.find({ newsfeed_id: feed.id }), feed);
  const made = await sdk.news.items.create({
    title: "Halloween is here!",
    sender_id,
    state: "live",
    labels: ["Product", "New"],
    reactions: ["😆"],
    newsfeed_assignments: [{ newsfeed_id: Number(feed.id), published_at: 1664638214 }],
  });
  assert.deepEqual([made.type, made.state, made.labels], ["news-item", "live", ["New", "Product"]]);
  assert.deepEqual(await sdk.news.items.find({ news_item_id: made.id }), made);
  assert.deepEqual((await sdk.news.items.list()).data, [made]);
  assert.deepEqual((await sdk.news.feeds.listItems({ newsfeed_id: feed.id })).data, [made]);
  const change = { title: "Christmas is here!", sender_id };
  const changed = await sdk.news.items.update({ news_item_id: made.id, body: change });
  assert.deepEqual([changed.title, changed.labels], ["Christmas is here!", made.labels]);
  assert.ok((await sdk.news.items.delete({ news_item_id: made.id })).deleted);
  await refused(sdk.news.items.find({ news_item_id: made.id }), 404, "not_found");
});

test("exports are begun, asked after, downloaded and canceled", async () => {
  const { id: admin } = await sdk.admins.identify();
  const { id } = await user("u-1");
  const message = { from: { type: "admin", id: admin }, to: { type: "user", id }, body: "Hello" };
  await fetch(`${baseUrl}/messages`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(message),
  });
  const now = Math.floor(Date.now() / 1000);
  const { job_identifier } = await sdk.dataExport.create({ created_at_after: now - 60, created_at_before: now + 60 });
  let found = await sdk.dataExport.find({ job_identifier });
  for (let tries = 0; found.status !== "completed" && tries < 200; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    found = await sdk.dataExport.find({ job_identifier });
  }
  assert.equal(found.status, "completed");
  // It answers nothing: people fetch the URL.
  await sdk.dataExport.download({ job_identifier });
  const file = await fetch(found.download_url, { headers: { Authorization: `Bearer ${token}` } });
  assert.deepEqual([...new Uint8Array(await file.arrayBuffer())].slice(0, 2), [0x1f, 0x8b]);
  assert.equal((await sdk.dataExport.cancel({ job_identifier })).status, "canceled");
  await refused(sdk.dataExport.find({ job_identifier: "nothing" }), 404, "not_found");
});
