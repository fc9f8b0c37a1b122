// The Intercom piece of Activepieces: every action, and what its triggers show as samples, run as its engine runs them.
// It knows the real API's host only: redirect.cjs is loaded before it.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const { CALLBOX_URL: baseUrl, CALLBOX_TOKEN: token, CALLBOX_NODE_SDK: installed } = process.env;
const load = createRequire(join(installed, "index.js"));
load(fileURLToPath(new URL("../redirect/redirect.cjs", import.meta.url)));
const { intercom } = load("@activepieces/piece-intercom");

const auth = { type: "CUSTOM_AUTH", props: { accessToken: token, region: "intercom" } };
const run = (name, propsValue) => intercom.actions()[name].run({ auth, propsValue });
const sample = (name, propsValue = {}) => intercom.triggers()[name].test({ auth, propsValue });

async function call(method, path, body) {
  const answer = await fetch(baseUrl + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

const ids = (items) => items.map((item) => item.id);
const myself = async () => (await call("GET", "/me")).id;
const user = (email = "grace@example.com") => run("create-user", { email, userId: "u-1", name: "Grace" });

test("people", async () => {
  const made = await run("create-or-update-user", { email: "grace@example.com", name: "Grace", userId: "u-1" });
  const changed = await run("create-or-update-user", { email: "grace@example.com", name: "Grace Example" });
  assert.deepEqual([changed.id, changed.name], [made.id, "Grace Example"]);
  const found = await run("find-user", { searchField: "email", searchValue: "grace@example.com" });
  assert.deepEqual([found.found, found.user.id], [true, made.id]);
  assert.equal((await run("find-user", { searchField: "email", searchValue: "nobody@example.com" })).found, false);

  const lead = await run("create-or-update-lead", {
    name: "Somebody",
    email: "lead@example.com",
    createdAt: "2026-01-02T03:04:05Z",
  });
  assert.equal(lead.signed_up_at, 1767323045);
  assert.equal((await run("create-or-update-lead", { leadId: lead.id, name: "Else" })).name, "Else");
  assert.equal((await run("find-lead", { searchField: "email", searchValue: "lead@example.com" })).lead.id, lead.id);
  const again = await run("find-or-create-lead", { searchField: "email", searchValue: "lead@example.com" });
  assert.deepEqual([again.created, again.lead.id], [false, lead.id]);
  assert.equal((await run("find-or-create-lead", { searchField: "external_id", searchValue: "l-9" })).created, true);

  const note = await run("add-note-to-user", { email: "grace@example.com", body: "Likes bread" });
  assert.equal(note.body, "<p>Likes bread</p>");
  const event = {
    identifierType: "email",
    identifierValue: "grace@example.com",
    eventName: "ordered",
    metadata: { size: 3 },
  };
  assert.deepEqual(await run("create-data-event", event), { success: true });

  assert.deepEqual(ids(await sample("new-user")), [made.id]);
  assert.deepEqual(ids(await sample("lead-converted-to-user")), [made.id]);
  assert.equal((await sample("new-lead")).length, 2);
  assert.equal((await sample("lead-added-email")).length, 2);
  assert.equal((await sample("contact-updated", { type: "lead" })).length, 2);
  assert.deepEqual(await sample("new-unsubscription"), []);
});

test("tags", async () => {
  const { id: contactId } = await user();
  const { id: tagId } = await call("POST", "/tags", { name: "VIP" });
  assert.equal((await run("add-or-remove-tag-on-contact", { contactId, tagId })).id, tagId);
  assert.equal((await sample("tag-added-to-user", { tagId })).length, 1);
  assert.equal((await sample("tag-added-to-lead", { tagId })).length, 0);
  await run("add-or-remove-tag-on-contact", { contactId, tagId, untag: true });
  assert.equal((await sample("tag-added-to-user", { tagId })).length, 0);

  const { id: companyId } = await run("create-or-update-company", { companyId: "c-1", name: "Example" });
  const tagged = await run("add-or-remove-tag-on-company", { companyId, tagName: "Client" });
  assert.equal(tagged.name, "Client");
  assert.deepEqual(ids((await call("GET", `/companies/${companyId}`)).tags.tags), [tagged.id]);
  await run("add-or-remove-tag-on-company", { companyId, tagName: "Client", untag: true });
  assert.deepEqual((await call("GET", `/companies/${companyId}`)).tags.tags, []);

  const { conversation_id: conversationId } = await run("create-conversation", {
    contactType: "user",
    contactId,
    body: "Hello",
  });
  assert.equal((await run("add-or-remove-tag-on-conversation", { conversationId, tagId })).id, tagId);
  assert.equal((await run("add-or-remove-tag-on-conversation", { conversationId, tagId, untag: true })).id, tagId);
  assert.deepEqual(ids((await run("list-all-tags", {})).data).sort(), [tagId, tagged.id].sort());
});

test("companies", async () => {
  const made = await run("create-or-update-company", { companyId: "c-1", name: "Example", size: 5 });
  const createdAt = { companyId: "c-1", monthlySpend: 100, remoteCreatedAt: "2026-01-02T03:04:05Z" };
  const changed = await run("create-or-update-company", createdAt);
  assert.deepEqual([changed.id, changed.size, changed.monthly_spend], [made.id, 5, 100]);
  assert.equal(changed.remote_created_at, 1767323045);
  await call("POST", `/contacts/${(await user()).id}/companies`, { id: made.id });
  assert.deepEqual(ids(await sample("new-company")), [made.id]);
});

// It takes the answer for a list, which by company_id it never was.
test("a company is found, but not understood", async () => {
  await run("create-or-update-company", { companyId: "c-1", name: "Example" });
  await assert.rejects(run("find-company", { searchField: "company_id", searchValue: "c-1" }), TypeError);
  await assert.rejects(run("find-or-create-company", { companyId: "c-2" }), (error) => error.statusCode === 404);
});

test("conversations", async () => {
  const { id: contactId } = await user();
  const from = await myself();
  const { conversation_id: conversationId } = await run("create-conversation", {
    contactType: "user",
    contactId,
    body: "Bread, please",
  });
  await run("replyToConversation", { from, conversationId, body: "At once" });
  await run("addNoteToConversation", { from, conversationId, body: "Hungry" });
  await run("assignConversationAction", { from, conversationId, assigneeId: from, body: "Mine" });
  const read = await run("get-conversation", { conversationId });
  const types = read.conversation_parts.conversation_parts.map((part) => part.part_type);
  assert.deepEqual(types.slice(-3), ["comment", "note", "assignment"]);
  const search = {
    searchField: "source.body",
    matchType: "contains",
    searchTerm: "bread",
    status: "open",
    updateAfter: "2020-01-01",
  };
  assert.deepEqual((await run("find-conversation", search)).conversation.id, conversationId);
  assert.equal((await run("find-conversation", { ...search, searchTerm: "cake" })).found, false);
  assert.deepEqual(ids(await sample("newConversationFromUser")), [conversationId]);
  assert.deepEqual(await sample("conversationClosed"), []);

  const message = {
    message_type: "email",
    email_required_fields: { template: "plain", subject: "News" },
    from,
    to: contactId,
    body: "Hi",
  };
  assert.equal((await run("send_message", message)).subject, "News");
});

test("articles and tickets", async () => {
  const authorId = await myself();
  const { id: collectionId } = await call("POST", "/help_center/collections", { name: "Start" });
  const article = await run("create-article", {
    title: "Bread",
    body: "<p>Bake</p>",
    authorId,
    state: "published",
    collectionId,
  });
  assert.deepEqual([article.title, String(article.parent_id)], ["Bread", collectionId]);

  const type = await call("POST", "/ticket_types", { name: "Complaint", category: "Customer" });
  await call("POST", `/ticket_types/${type.id}/attributes`, {
    name: "When",
    description: "When",
    data_type: "datetime",
  });
  const { id: contactId } = await user();
  const ticketProperties = { _default_title_: "Stale", When: "2026-01-02T03:04:05Z" };
  const ticket = await run("create-ticket", { ticketTypeId: type.id, contactId, ticketProperties });
  assert.equal(ticket.ticket_attributes._default_title_, "Stale");
  const update = {
    ticketTypeId: type.id,
    ticketId: ticket.id,
    state: "in_progress",
    assignedAdminId: authorId,
    isOpen: true,
  };
  assert.equal((await run("update-ticket", update)).ticket_state, "in_progress");
  assert.deepEqual(ids(await sample("new-ticket")), [ticket.id]);
  assert.deepEqual(ids(await sample("updated-ticket")), [ticket.id]);
});

test("choices and calls of one's own", async () => {
  const { options } = await intercom.actions().replyToConversation.props.from.options({ auth });
  assert.deepEqual(
    options.map(({ value }) => value),
    [await myself()],
  );
  const { id } = await call("POST", "/ticket_types", { name: "Complaint", category: "Customer" });
  const types = await intercom.actions()["create-ticket"].props.ticketTypeId.options({ auth });
  assert.ok(types.options.some(({ value }) => value === id));
  const custom = { url: { url: "/me" }, method: "GET", headers: {}, queryParams: {} };
  assert.equal((await run("custom_api_call", custom)).body.id, await myself());
});
