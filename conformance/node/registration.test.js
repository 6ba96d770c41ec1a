// The Node SDK, unmodified: a brand, its campaign and a vetting, from submitted to registered. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { setTimeout } = require("node:timers/promises");
const twilio = require("twilio");

const { refusal, setting } = require("./support");

const { v1 } = twilio(setting("account_sid"), setting("auth_token")).messaging;
const bundle = (end) => `BU${end.padStart(32, "0")}`;

/** What `fetch` finds once `key` has this state. */
async function wait(fetch, key, state) {
  for (let count = 0; count < 300; count += 1) {
    const found = await fetch();
    if (found[key] === state) return found;
    await setTimeout(200);
  }
  throw new Error(`${key} is never ${state}`);
}

const brand = (end) =>
  v1.brandRegistrations.create({ customerProfileBundleSid: bundle("1"), a2PProfileBundleSid: bundle(end) });

test("a brand and its campaign are registered", async (context) => {
  const made = await brand("1");
  assert.deepEqual([made.status, made.errors], ["PENDING", []]);
  const one = v1.brandRegistrations(made.sid);
  await wait(() => one.fetch(), "status", "APPROVED");
  const vetting = await one.brandVettings.create({ vettingProvider: "aegis" });
  await wait(() => one.brandVettings(vetting.brandVettingSid).fetch(), "vettingStatus", "SUCCESS");
  const { sid } = await v1.services.create({ friendlyName: "Reminders" });
  context.after(() => v1.services(sid).remove());
  const campaigns = v1.services(sid).usAppToPerson;
  const campaign = await campaigns.create({
    brandRegistrationSid: made.sid,
    description: "Reminders of appointments that were made before",
    messageFlow: "People give their number at the desk and tick that they want reminders.",
    messageSamples: ["Your appointment is tomorrow at nine.", "Your appointment is on Monday at ten."],
    usAppToPersonUsecase: "ACCOUNT_NOTIFICATION",
    hasEmbeddedLinks: false,
    hasEmbeddedPhone: false,
  });
  await wait(() => campaigns(campaign.sid).fetch(), "campaignStatus", "VERIFIED");
  assert.deepEqual((await campaigns.list()).map((found) => found.sid), [campaign.sid]);
});

test("a brand that is turned down says why and is submitted again", async () => {
  const one = v1.brandRegistrations((await brand("30701")).sid);
  const failed = await wait(() => one.fetch(), "status", "FAILED");
  assert.equal(failed.errors[0].error_code, 30701);
  assert.equal((await one.update()).status, "PENDING");
  await wait(() => one.fetch(), "status", "APPROVED");
  await assert.rejects(one.update(), refusal(400, 21725));
});
