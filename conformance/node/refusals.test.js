// The Node SDK, unmodified: what the guide forbids is refused by its rule, what is not built says so. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const twilio = require("twilio");
const { eventually, handsetMessages, refusal, sendFromHandset, setting, untilTerminal } = require("./support");

const HANDSET = "+13125550171";
const accountSid = setting("account_sid");
const number = setting("phone_number");
const client = twilio(accountSid, setting("auth_token"));
const send = (options) => client.messages.create({ to: HANDSET, from: number, body: "Your appointment is tomorrow.", ...options });

/** The rule that a raw answer names, asked for through the SDK's own request. */
async function rule(form) {
  const uri = `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Messages.json`;
  const data = { To: HANDSET, From: number, Body: "Your appointment is tomorrow.", ...form };
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const answer = await client.request({ method: "POST", uri, data, headers });
  const body = typeof answer.body === "string" ? JSON.parse(answer.body) : answer.body;
  assert.deepEqual(Object.keys(body).sort(), ["code", "message", "more_info", "rule", "status"]);
  assert.equal(body.status, answer.statusCode);
  return body.rule;
}

test("the guide's refusals have their codes", async () => {
  const cases = [
    [21408, { to: "+442079460018" }],
    [77305, { to: `whatsapp:${HANDSET}` }],
    [77117, { statusCallback: "http://clinic.example/status" }],
    [77287, { contentRetention: "retain" }],
    [77287, { addressRetention: "retain" }],
    [77093, { riskCheck: "enable" }],
  ];
  for (const [code, options] of cases) await assert.rejects(send(options), refusal(403, code));
});

test("a raw refusal names its rule", async () => {
  assert.equal(await rule({ To: "+442079460018" }), "SMS-GEO-1");
  assert.equal(await rule({ To: `whatsapp:${HANDSET}` }), "SMS-CHAN-1");
  assert.equal(await rule({ StatusCallback: "http://clinic.example/" }), "GEN-HTTPS-2");
  assert.equal(await rule({ ContentRetention: "retain" }), "SMS-REDACT-3");
  assert.equal(await rule({ Tags: '{"ward":"3"}' }), "SMS-TAG-1");
});

test("what is not built says so", async () => {
  await assert.rejects(send({ contentSid: `HX${"0".repeat(32)}` }), refusal(501, 20501));
});

test("an account that is not designated sends nothing", async () => {
  const made = await client.api.v2010.accounts.create({ friendlyName: "refusals" });
  const own = twilio(made.sid, made.authToken);
  const message = { to: HANDSET, from: number, body: "Hello." };
  await assert.rejects(own.messages.create(message), refusal(403, 77064));
  const above = twilio(accountSid, setting("auth_token"), { accountSid: made.sid });
  await assert.rejects(above.messages.create(message), refusal(403, 77064));
  await client.api.v2010.accounts(made.sid).update({ status: "closed" });
});

test("STOP is obeyed until START", async () => {
  const to = "+13125550172";
  const say = async (word) => {
    const before = (await handsetMessages(to)).length;
    await sendFromHandset(to, number, word);
    await eventually(`${word} is confirmed`, async () => (await handsetMessages(to)).length > before);
  };
  await say("stop");
  await assert.rejects(send({ to }), refusal(400, 21610));
  await say("UNSTOP");
  assert.equal((await untilTerminal(client, (await send({ to })).sid)).status, "delivered");
});
