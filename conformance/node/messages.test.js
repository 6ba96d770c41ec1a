// The Node SDK, unmodified: messages, numbers, keys, lookups and errors. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { test } = require("node:test");
const { setTimeout: pause } = require("node:timers/promises");
const twilio = require("twilio");

const WAIT_MS = 20_000;
// A number set aside for fiction; not the one the Python tests use.
const HANDSET = "+13125550167";
const TERMINAL = new Set(["delivered", "undelivered", "failed"]);

/** A value that run.py hands over, for example `account_sid`. */
function setting(name) {
  const value = process.env[`SWITCHWARD_${name.toUpperCase()}`];
  if (!value) throw new Error(`SWITCHWARD_${name.toUpperCase()} is not set: run these tests through conformance/run.py`);
  return value;
}

const accountSid = setting("account_sid");
const number = setting("phone_number");
const client = twilio(accountSid, setting("auth_token"));

/** A text like a clinic's, different each time so that it can be found again. */
const body = () => `Your lab result ${randomBytes(4).toString("hex")} is ready. Please call the clinic.`;
const send = (text) => client.messages.create({ to: HANDSET, from: number, body: text });

/** Repeats `attempt` until it gives something true, for a bounded time. */
async function eventually(description, attempt) {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const result = await attempt();
    if (result) return result;
    assert.ok(Date.now() < deadline, `did not happen within ${WAIT_MS} ms: ${description}`);
    await pause(100);
  }
}

const untilTerminal = (sid) =>
  eventually("a terminal status", async () => {
    const message = await client.messages(sid).fetch();
    return TERMINAL.has(message.status) && message;
  });

/** What the simulated handset shows, asked for directly: fetch() obeys no proxy variable. */
async function handsetMessages() {
  const token = Buffer.from(`${accountSid}:${setting("auth_token")}`).toString("base64");
  const url = `${setting("url")}/switchward/v1/simulator/handsets/${encodeURIComponent(HANDSET)}/messages`;
  const response = await fetch(url, { headers: { authorization: `Basic ${token}` }, signal: AbortSignal.timeout(15_000) });
  assert.equal(response.status, 200);
  return (await response.json()).messages;
}

const refusal = (status, code) => (error) => {
  assert.deepEqual([error.status, error.code], [status, code]);
  return true;
};

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
    (await handsetMessages()).some((shown) => shown.body === text),
  );
  assert.equal((await untilTerminal(message.sid)).status, "delivered");
});

test("a message can be fetched and listed by its recipient", async () => {
  const message = await send(body());
  assert.equal((await client.messages(message.sid).fetch()).sid, message.sid);
  const listed = await client.messages.list({ to: HANDSET, pageSize: 1 });
  assert.ok(listed.some((one) => one.sid === message.sid));
});

test("an empty body redacts a message, and a deleted one is gone", async () => {
  const { sid } = await send(body());
  await untilTerminal(sid);
  assert.equal((await client.messages(sid).update({ body: "" })).body, "");
  assert.equal((await client.messages(sid).fetch()).body, "");
  assert.equal(await client.messages(sid).remove(), true);
  await assert.rejects(client.messages(sid).fetch(), refusal(404, 20404));
});

test("an unknown message is not found", async () => {
  const unknown = `SM${randomBytes(16).toString("hex")}`;
  await assert.rejects(client.messages(unknown).fetch(), refusal(404, 20404));
});

test("a plain http callback is refused", async () => {
  const create = client.messages.create({
    to: HANDSET,
    from: number,
    body: body(),
    statusCallback: "http://example.com/status",
  });
  await assert.rejects(create, refusal(403, 77117));
});

test("the account and its number are there", async () => {
  const account = await client.api.v2010.accounts(accountSid).fetch();
  assert.deepEqual([account.sid, account.status], [accountSid, "active"]);
  const numbers = await client.incomingPhoneNumbers.list();
  assert.ok(numbers.some((one) => one.phoneNumber === number));
});

test("a new key works until it is deleted", async () => {
  const key = await client.newKeys.create({ friendlyName: "conformance" });
  assert.ok((await client.keys.list()).some((one) => one.sid === key.sid));
  const other = twilio(key.sid, key.secret, { accountSid });
  await other.messages.list({ limit: 1 });
  assert.equal(await client.keys(key.sid).remove(), true);
  await assert.rejects(other.messages.list({ limit: 1 }), (error) => error.status === 401);
});

test("a number can be looked up", async () => {
  const found = await client.lookups.v2.phoneNumbers(HANDSET).fetch();
  assert.deepEqual([found.valid, found.phoneNumber, found.countryCode], [true, HANDSET, "US"]);
});
