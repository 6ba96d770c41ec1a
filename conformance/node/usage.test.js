// The Node SDK, unmodified: usage records and usage triggers. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const twilio = require("twilio");

const { setting } = require("./support");

// A number set aside for fiction; every file has handsets of its own.
const HANDSET = "+13125550169";

const accountSid = setting("account_sid");
const client = twilio(accountSid, setting("auth_token"));

const counted = async () => {
  const [record] = await client.usage.records.today.list({ category: "sms-outbound" });
  return [Number(record.count), Number(record.usage)];
};

test("a message that is accepted is counted with its segments", async () => {
  // Other tests may send meanwhile, and the day may end.
  const [count, usage] = await counted();
  await client.messages.create({ to: HANDSET, from: setting("phone_number"), body: "x".repeat(200) });
  const [countAfter, usageAfter] = await counted();
  assert.ok(countAfter >= count + 1 || countAfter < count);
  assert.ok(usageAfter >= usage + 2 || usageAfter < usage);
});

test("records are listed by day and in pages", async () => {
  const records = client.usage.records;
  const daily = await records.daily.list({ category: "sms", limit: 3 });
  assert.equal(daily[0].category, "sms");
  assert.ok(daily[0].startDate instanceof Date);
  const names = (await records.allTime.list()).map((record) => record.category);
  assert.deepEqual((await records.allTime.list({ pageSize: 7 })).map((record) => record.category), names);
});

test("a trigger is made, changed, listed and removed", async () => {
  const trigger = await client.usage.triggers.create({
    callbackUrl: "https://clinic.example/usage",
    triggerValue: "+1000000",
    usageCategory: "sms",
    recurring: "monthly",
  });
  assert.match(trigger.sid, /^UT[0-9a-f]{32}$/);
  const changed = await client.usage.triggers(trigger.sid).update({ friendlyName: "Cap" });
  assert.equal(changed.friendlyName, "Cap");
  const listed = await client.usage.triggers.list({ recurring: "monthly" });
  assert.ok(listed.some((one) => one.sid === trigger.sid));
  assert.equal(await client.usage.triggers(trigger.sid).remove(), true);
});
