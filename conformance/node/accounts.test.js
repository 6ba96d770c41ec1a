// The Node SDK, unmodified: accounts, keys, auth tokens, phone numbers and lookups. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { test } = require("node:test");
const twilio = require("twilio");
const { refusal, setting } = require("./support");

const accountSid = setting("account_sid");
const client = twilio(accountSid, setting("auth_token"));
const accounts = client.api.v2010.accounts;
const name = (what) => `${what} ${randomBytes(4).toString("hex")}`;
const opens = async (one) => assert.equal((await one.api.v2010.accounts(one.accountSid).fetch()).sid, one.accountSid);
const isShut = (one, status = 401, code = 20003) =>
  assert.rejects(one.api.v2010.accounts(one.accountSid).fetch(), refusal(status, code));

/** Runs `body` with a new subaccount, which is closed afterwards. */
async function withSubaccount(body) {
  const made = await accounts.create({ friendlyName: name("ward") });
  try {
    await body(made, twilio(made.sid, made.authToken));
  } finally {
    await accounts(made.sid).update({ status: "closed" });
  }
}

test("the first account and its number are there", async () => {
  const account = await accounts(accountSid).fetch();
  assert.deepEqual([account.sid, account.status], [accountSid, "active"]);
  const numbers = await client.incomingPhoneNumbers.list();
  assert.ok(numbers.some((one) => one.phoneNumber === setting("phone_number")));
});

test("a subaccount is listed, suspended, active again and closed", async () => {
  let closed;
  await withSubaccount(async (made, own) => {
    closed = own;
    assert.equal(made.ownerAccountSid, accountSid);
    const listed = await accounts.list({ friendlyName: made.friendlyName, pageSize: 1 });
    assert.deepEqual(listed.map((one) => one.sid), [made.sid]);
    await opens(own);
    assert.equal((await accounts(made.sid).update({ status: "suspended" })).status, "suspended");
    await isShut(own, 403, 20005);
    assert.equal((await accounts(made.sid).update({ status: "active" })).status, "active");
    await opens(own);
  });
  await assert.rejects(closed.api.v2010.accounts(closed.accountSid).fetch());
  await assert.rejects(accounts(closed.accountSid).update({ status: "active" }), refusal(409, 20409));
});

test("keys and signing keys have all five verbs", async () => {
  const resources = [
    [client.newKeys, client.keys],
    [client.newSigningKeys, client.signingKeys],
  ];
  for (const [making, keys] of resources) {
    const made = await making.create({ friendlyName: name("key") });
    assert.ok((await keys.list({ pageSize: 1 })).some((one) => one.sid === made.sid));
    assert.equal((await keys(made.sid).fetch()).friendlyName, made.friendlyName);
    assert.equal((await keys(made.sid).update({ friendlyName: "renamed" })).friendlyName, "renamed");
    const asKey = twilio(made.sid, made.secret, { accountSid });
    await asKey.messages.list({ limit: 1 });
    await assert.rejects(asKey.keys(made.sid).fetch(), refusal(403, 20003));
    assert.equal(await keys(made.sid).remove(), true);
    await assert.rejects(keys(made.sid).fetch(), refusal(404, 20404));
    await assert.rejects(asKey.messages.list({ limit: 1 }), (error) => error.status === 401);
  }
});

test("an auth token is rotated without a gap", () =>
  withSubaccount(async (made, old) => {
    const second = await old.accounts.v1.secondaryAuthToken().create();
    const renewed = twilio(made.sid, second.secondaryAuthToken);
    await opens(old);
    await opens(renewed);
    const promoted = await renewed.accounts.v1.authTokenPromotion().update();
    assert.deepEqual([promoted.accountSid, promoted.authToken], [made.sid, second.secondaryAuthToken]);
    await opens(renewed);
    await isShut(old);
  }));

test("a number is bought, configured, given back and free again", async () => {
  const number = await client.incomingPhoneNumbers.create({ areaCode: "415", friendlyName: name("ward") });
  const wanted = { phoneNumber: number.phoneNumber };
  let sid = number.sid;
  try {
    await assert.rejects(client.incomingPhoneNumbers.create(wanted), refusal(400, 21422));
    const smsUrl = "https://clinic.example/sms";
    const statusCallback = "https://clinic.example/status";
    const changed = await client.incomingPhoneNumbers(sid).update({ smsUrl, statusCallback, friendlyName: "ward 2" });
    assert.deepEqual([changed.smsUrl, changed.statusCallback, changed.friendlyName], [smsUrl, statusCallback, "ward 2"]);
    const insecure = client.incomingPhoneNumbers(sid).update({ smsUrl: "http://clinic.example/sms" });
    await assert.rejects(insecure, refusal(403, 77117));
    assert.equal((await client.incomingPhoneNumbers(sid).fetch()).smsUrl, smsUrl);
    assert.equal(await client.incomingPhoneNumbers(sid).remove(), true);
    sid = undefined;
    sid = (await client.incomingPhoneNumbers.create(wanted)).sid;
  } finally {
    if (sid) await client.incomingPhoneNumbers(sid).remove();
  }
});

test("a number can be looked up in both versions", async () => {
  const number = "+13125550175";
  const plain = await client.lookups.v2.phoneNumbers(number).fetch();
  assert.deepEqual([plain.valid, plain.phoneNumber, plain.countryCode], [true, number, "US"]);
  const full = await client.lookups.v2.phoneNumbers(number).fetch({ fields: "line_type_intelligence,caller_name" });
  assert.ok(full.lineTypeIntelligence && full.callerName);
  const first = await client.lookups.v1.phoneNumbers(number).fetch({ type: ["carrier"] });
  assert.ok(first.carrier);
  const addOns = client.lookups.v1.phoneNumbers(number).fetch({ addOns: ["whitepages_pro_caller_id"] });
  await assert.rejects(addOns, refusal(403, 77435));
});
