// Segment's destination for Intercom: its actions, run by Segment's own engine with its default mappings.
// It knows the real API's host only: redirect.cjs is loaded before it.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const { CALLBOX_TOKEN: accessToken, CALLBOX_NODE_SDK: installed } = process.env;
const load = createRequire(join(installed, "index.js"));
load(fileURLToPath(new URL("../redirect/redirect.cjs", import.meta.url)));
const { createTestEvent, createTestIntegration } = load("@segment/actions-core");
const { default: intercom } = load("@segment/action-destinations/dist/destinations/intercom");

const destination = createTestIntegration(intercom);
const timestamp = "2026-01-02T03:04:05Z";
const traits = { email: "grace@example.com", name: "Grace" };

async function run(action, event, mapping = {}) {
  const sent = { event: createTestEvent({ userId: "u-1", timestamp, ...event }), useDefaultMappings: true, mapping };
  const answers = await destination.testAction(action, { ...sent, auth: { accessToken, refreshToken: "" } });
  return answers.at(-1);
}

const identify = (changes) =>
  run("identifyContact", { type: "identify", traits: { ...traits, ...changes } }, { role: "user" });

test("a token is checked", async () => {
  await destination.testAuthentication({ oauth: { access_token: accessToken } });
  await assert.rejects(destination.testAuthentication({ oauth: { access_token: "wrong" } }));
});

test("people are made once, and then changed", async () => {
  const { data: made } = await identify({});
  const { data: changed } = await identify({ name: "Grace Example" });
  assert.deepEqual([changed.id, changed.external_id, changed.name], [made.id, "u-1", "Grace Example"]);
  assert.equal(changed.last_seen_at, 1767323045);
});

test("people are put into companies", async () => {
  await identify({});
  const firm = { name: "Example", employees: 5, website: "https://example.com", plan: "pro" };
  const group = { type: "group", groupId: "c-1", traits: { ...traits, ...firm } };
  const { data: company } = await run("groupIdentifyContact", group);
  assert.deepEqual([company.company_id, company.size, company.plan.name], ["c-1", 5, "pro"]);
  assert.equal(company.user_count, 1);
});

test("events are told", async () => {
  await identify({});
  const track = { type: "track", event: "ordered", properties: { revenue: 12.5, currency: "EUR", size: "large" } };
  assert.equal((await run("trackEvent", { ...track, timestamp: new Date().toISOString() })).status, 202);
});
