// The Node SDK, unmodified: the life of a message. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { test } = require("node:test");
const twilio = require("twilio");

const { eventually, handsetMessages, refusal, setting, untilTerminal } = require("./support");

// A number set aside for fiction; every file has handsets of its own.
const HANDSET = "+13125550167";

const accountSid = setting("account_sid");
const number = setting("phone_number");
const client = twilio(accountSid, setting("auth_token"));

/** A text like a clinic's, different each time so that it can be found again. */
const body = () => `Your lab result ${randomBytes(4).toString("hex")} is ready. Please call the clinic.`;
const send = (text, options) => client.messages.create({ to: HANDSET, from: number, body: text, ...options });

test("a created message answers with its own fields", async () => {
  const text = body();
  const message = await send(text);
  assert.match(message.sid, /^SM[0-9a-f]{32}$/);
  assert.deepEqual(
    [message.accountSid, message.to, message.from, message.body],
    [accountSid, HANDSET, number, text],
  );
  assert.ok(message.dateCreated instanceof Date);
});

test("the body arrives at the handset", async () => {
  const text = body();
  const message = await send(text);
  await eventually("the text is on the handset", async () =>
    (await handsetMessages(HANDSET)).some((shown) => shown.body === text),
  );
  assert.equal((await untilTerminal(client, message.sid)).status, "delivered");
});

test("a message can be fetched and listed by its recipient", async () => {
  const message = await send(body());
  assert.equal((await client.messages(message.sid).fetch()).sid, message.sid);
  const listed = await client.messages.list({ to: HANDSET, pageSize: 1 });
  assert.ok(listed.some((one) => one.sid === message.sid));
});

test("an empty body redacts a message, and a deleted one is gone", async () => {
  const { sid } = await send(body());
  await untilTerminal(client, sid);
  assert.equal((await client.messages(sid).update({ body: "" })).body, "");
  assert.equal((await client.messages(sid).fetch()).body, "");
  assert.equal(await client.messages(sid).remove(), true);
  await assert.rejects(client.messages(sid).fetch(), refusal(404, 20404));
});

test("an unknown message is not found", async () => {
  const unknown = `SM${randomBytes(16).toString("hex")}`;
  await assert.rejects(client.messages(unknown).fetch(), refusal(404, 20404));
});

test("every supported option is taken", async () => {
  const message = await send(body(), {
    validityPeriod: 3600,
    contentRetention: "discard",
    addressRetention: "obfuscate",
    smartEncoded: true,
    provideFeedback: false,
    attempt: 1,
    forceDelivery: false,
  });
  assert.equal(message.status, "queued");
  const ended = await untilTerminal(client, message.sid);
  assert.deepEqual([ended.status, ended.body, ended.to], ["delivered", "", "+1312555XXXX"]);
});

test("a scheduled message can be canceled once, and takes a service", async (context) => {
  const service = await client.messaging.v1.services.create({ friendlyName: "Reminders" });
  const own = await client.incomingPhoneNumbers.create({ areaCode: "415" });
  context.after(async () => {
    await client.messaging.v1.services(service.sid).remove();
    await client.incomingPhoneNumbers(own.sid).remove();
  });
  await client.messaging.v1.services(service.sid).phoneNumbers.create({ phoneNumberSid: own.sid });
  const schedule = (sendAt, sender) =>
    client.messages.create({ to: "+13125550100", body: body(), scheduleType: "fixed", sendAt, ...sender });
  const [sendAt, from] = [new Date(Date.now() + 3_600_000), { messagingServiceSid: service.sid }];
  const { sid, status } = await schedule(sendAt, from);
  assert.equal(status, "scheduled");
  assert.equal((await client.messages(sid).update({ status: "canceled" })).status, "canceled");
  await assert.rejects(client.messages(sid).update({ status: "canceled" }), refusal(409, 30409));
  await assert.rejects(schedule(new Date(), from), refusal(400, 35114));
  await assert.rejects(schedule(sendAt, { from: number }), refusal(400, 35118));
});

test("segments are counted by alphabet", async () => {
  const cases = [
    ["a".repeat(160), "1"],
    ["a".repeat(161), "2"],
    ["\u{4e2d}".repeat(71), "2"],
    ["\u{1f600}".repeat(35), "1"],
    ["\u{1f600}".repeat(36), "2"],
  ];
  for (const [text, segments] of cases) assert.equal((await send(text)).numSegments, segments);
});

test("what a number decides", async () => {
  const cases = [
    ["9001", "failed", 30003],
    ["9006", "failed", 30006],
    ["9008", "undelivered", 30008],
  ];
  for (const [digits, status, code] of cases) {
    const ended = await untilTerminal(client, (await send(body(), { to: `+1312555${digits}` })).sid);
    assert.deepEqual([ended.status, ended.errorCode], [status, code]);
  }
});

test("lists run over all pages, by recipient and by date", async () => {
  const to = "+13125550168";
  const sent = [];
  for (let one = 0; one < 5; one += 1) sent.unshift((await send(body(), { to })).sid);
  for (const sid of sent) await untilTerminal(client, sid);
  const sids = async (filters) => (await client.messages.list({ to, ...filters })).map((one) => one.sid);
  assert.deepEqual(await sids({ pageSize: 2 }), sent);
  assert.deepEqual(await sids({ pageSize: 2, limit: 3 }), sent.slice(0, 3));
  assert.deepEqual(await sids({ from: number, dateSent: new Date(), pageSize: 2 }), sent);
  const day = 86_400_000;
  assert.deepEqual(await sids({ dateSentBefore: new Date(Date.now() - day) }), []);
  assert.deepEqual(await sids({ dateSentAfter: new Date(Date.now() + day) }), []);
  const first = await client.messages.page({ to, pageSize: 3 });
  const second = await first.nextPage();
  assert.deepEqual(second.instances.map((one) => one.sid), sent.slice(3));
  const back = await second.previousPage();
  assert.deepEqual(back.instances.map((one) => one.sid), sent.slice(0, 3));
  const streamed = [];
  await new Promise((resolve, reject) => {
    const each = (one) => streamed.push(one.sid);
    client.messages.each({ to, pageSize: 2, callback: each, done: (error) => (error ? reject(error) : resolve()) });
  });
  assert.deepEqual(streamed, sent);
});
