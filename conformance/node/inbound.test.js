// The Node SDK, unmodified, on the clinic's side: signatures, TwiML answers, status callbacks, alerts. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { readFileSync } = require("node:fs");
const path = require("node:path");
const { before, test } = require("node:test");
const twilio = require("twilio");
const { eventually, handsetMessages, receiver, request, sendFromHandset, setting } = require("./support");

const HANDSET = "+13125550181";
const token = setting("auth_token");
const client = twilio(setting("account_sid"), token);
const text = () => `Is my result there? ${randomBytes(4).toString("hex")} \u00e9\u{1f600}`;

before(async () => {
  const authority = readFileSync(path.join(setting("webhooks"), "authority.pem"), "ascii");
  const target = `/switchward/v1/Accounts/${setting("account_sid")}/Settings`;
  await request("POST", target, { webhook_authorities: [authority] });
});

/** Runs `body` with a receiver and a number whose webhook is there; both are gone afterwards. */
async function withNumber(body, certificate) {
  const clinic = await receiver(certificate);
  try {
    const number = await client.incomingPhoneNumbers.create({ areaCode: "415", smsUrl: clinic.url("/sms?clinic=7") });
    try {
      await body(clinic, number);
    } finally {
      // Through the list: what this SDK's create() returns does not know its own SID.
      await client.incomingPhoneNumbers(number.sid).remove();
    }
  } finally {
    await clinic.close();
  }
}

/** The official validator accepts it, and nothing that was altered. */
function assertSigned({ url, form, signature }) {
  assert.ok(twilio.validateRequest(token, signature, url, form));
  assert.ok(!twilio.validateRequest(token, signature, url, { ...form, From: "+13125550199" }));
  assert.ok(!twilio.validateRequest(token, signature, url, { ...form, Extra: "1" }));
  assert.ok(!twilio.validateRequest(token, signature, `${url}x`, form));
  assert.ok(!twilio.validateRequest("0".repeat(32), signature, url, form));
  const other = signature.startsWith("A") ? "B" : "A";
  assert.ok(!twilio.validateRequest(token, other + signature.slice(1), url, form));
}

test("a message arrives with a valid signature, and the answer of the SDK reaches the handset", () =>
  withNumber(async (clinic, number) => {
    const answer = new twilio.twiml.MessagingResponse();
    const reply = `Thank you ${randomBytes(4).toString("hex")} & <bye>`;
    answer.message(reply);
    clinic.answers["/sms"] = answer.toString();
    const body = text();
    await sendFromHandset(HANDSET, number.phoneNumber, body);
    const [received] = await eventually("the webhook is asked", () => clinic.received.length && clinic.received);
    assert.equal(received.method, "POST");
    assert.deepEqual([received.form.Body, received.form.From, received.form.To], [body, HANDSET, number.phoneNumber]);
    assertSigned(received);
    await eventually("the answer is on the handset", async () =>
      (await handsetMessages(HANDSET)).some((shown) => shown.body === reply && shown.from === number.phoneNumber),
    );
  }));

test("the series of states is told in order, and signed", () =>
  withNumber(async (clinic) => {
    const to = "+13125550182";
    // The receipt comes late, so that "sent" is surely a state of its own.
    await request("POST", "/switchward/v1/simulator/faults", { kind: "delay", delay_ms: 500, to });
    const statusCallback = clinic.url("/status?x=1");
    const { sid } = await client.messages.create({ to, from: setting("phone_number"), body: text(), statusCallback });
    const series = await eventually("three callbacks", () => clinic.at("/status").length >= 3 && clinic.at("/status"));
    assert.deepEqual(series.map((one) => one.form.MessageStatus), ["queued", "sent", "delivered"]);
    for (const one of series) {
      assert.deepEqual([one.form.MessageSid, one.form.To], [sid, to]);
      assertSigned(one);
    }
  }));

/** The alert with this code about the number's message, once there is one. */
const alert = (number, code) =>
  eventually(`an alert ${code}`, async () => {
    const arrived = new Set((await client.messages.list({ to: number.phoneNumber })).map((one) => one.sid));
    const alerts = await client.monitor.v1.alerts.list({ logLevel: "error", limit: 50 });
    return alerts.find((one) => one.errorCode === code && arrived.has(one.resourceSid));
  });

test("an unknown verb raises an alert", () =>
  withNumber(async (clinic, number) => {
    clinic.answers["/sms"] = "<Response><Shout>hello</Shout></Response>";
    await sendFromHandset(HANDSET, number.phoneNumber, text());
    const { sid } = await alert(number, "12200");
    assert.equal((await client.monitor.v1.alerts(sid).fetch()).sid, sid);
  }));

test("a self-signed receiver sees no request, and an alert says why", () =>
  withNumber(async (clinic, number) => {
    await sendFromHandset(HANDSET, number.phoneNumber, text());
    await alert(number, "11237");
    assert.deepEqual(clinic.received, []);
  }, "self-signed"));
