// Segment's Node SDK, unmodified: it is given a host, and nothing else.
"use strict";

const assert = require("node:assert/strict");
const { before, test } = require("node:test");
const { Analytics } = require("@segment/analytics-node");
const { request, setting } = require("./support");

const account = () => `/switchward/v1/Accounts/${setting("account_sid")}`;
let workspace;

/** A new source. */
const source = () => request("POST", `${account()}/Workspaces/${workspace}/Sources`, { name: "Website" });

/** What is kept of a source. */
const events = async ({ sid }) => (await request("GET", `${account()}/Sources/${sid}/Events`)).events;

/** An SDK whose errors are the test's. */
function analytics(writeKey, options = {}) {
  const client = new Analytics({ writeKey, host: setting("url"), ...options });
  client.on("error", (error) => assert.fail(`the SDK reports ${error.code}`));
  return client;
}

before(async () => {
  workspace = (await request("POST", `${account()}/Workspaces`, { name: "Clinic" })).sid;
});

test("every call arrives in order", async () => {
  const made = await source();
  const client = analytics(made.write_keys[0]);
  client.identify({ userId: "u-1", traits: { plan: "gold" } });
  client.track({ userId: "u-1", event: "Booked", properties: { ward: 4 } });
  client.page({ anonymousId: "a-1", name: "Start" });
  client.screen({ anonymousId: "a-1", name: "Start" });
  client.group({ userId: "u-1", groupId: "g-1" });
  client.alias({ userId: "u-1", previousId: "a-1" });
  await client.closeAndFlush();
  const kept = await events(made);
  assert.deepEqual(kept.map((event) => event.type), ["identify", "track", "page", "screen", "group", "alias"]);
  assert.deepEqual(kept[1].properties, { ward: 4 });
  assert.equal(kept[1].context.library.name, "@segment/analytics-node");
});

test("many batches at once lose and repeat nothing", async () => {
  const made = await source();
  const client = analytics(made.write_keys[0], { flushAt: 7 });
  const names = Array.from({ length: 150 }, (_, number) => `Step ${number}`);
  for (const event of names) client.track({ userId: "u-1", event });
  await client.closeAndFlush();
  const kept = (await events(made)).map((event) => event.event);
  assert.deepEqual([...kept].sort(), [...names].sort());
});

test("an unknown write key is answered as any other", async () => {
  const client = analytics("nobody");
  client.track({ userId: "u-1", event: "Lost" });
  await client.closeAndFlush();
});
