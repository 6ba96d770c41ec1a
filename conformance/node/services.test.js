// The Node SDK, unmodified: Messaging Services, their senders, and messages sent with them. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const twilio = require("twilio");

const { refusal, setting, untilTerminal } = require("./support");

const client = twilio(setting("account_sid"), setting("auth_token"));
const services = client.messaging.v1.services;

/** A service that ends with the test. */
async function service(context, options) {
  const made = await services.create({ friendlyName: "Reminders", ...options });
  context.after(() => services(made.sid).remove().catch(refusal(404, 20404)));
  return made;
}

/** A number of its own for the test, in the service. */
async function join(context, { sid }) {
  const number = await client.incomingPhoneNumbers.create({ areaCode: "415" });
  context.after(() => client.incomingPhoneNumbers(number.sid).remove());
  await services(sid).phoneNumbers.create({ phoneNumberSid: number.sid });
  return number;
}

const send = ({ sid }, to, options) =>
  client.messages.create({ to, messagingServiceSid: sid, body: "Your appointment is tomorrow.", ...options });

test("a service is made, found, changed and deleted", async (context) => {
  const made = await service(context, { validityPeriod: 600 });
  assert.match(made.sid, /^MG[0-9a-f]{32}$/);
  assert.deepEqual([made.stickySender, made.smartEncoding, made.usecase], [true, true, "undeclared"]);
  const changes = { friendlyName: "Results", stickySender: false, validityPeriod: 60, usecase: "poll" };
  const changed = await services(made.sid).update(changes);
  for (const [name, value] of Object.entries(changes)) assert.equal(changed[name], value);
  assert.ok((await services.list({ pageSize: 2 })).some((one) => one.sid === made.sid));
  assert.equal(await services(made.sid).remove(), true);
  await assert.rejects(services(made.sid).fetch(), refusal(404, 20404));
});

test("senders join one service and leave it", async (context) => {
  const [one, other] = [await service(context), await service(context)];
  const number = await join(context, one);
  const add = (to) => services(to.sid).phoneNumbers.create({ phoneNumberSid: number.sid });
  await assert.rejects(add(one), refusal(409, 21710));
  await assert.rejects(add(other), refusal(409, 21712));
  const shown = await services(one.sid).phoneNumbers(number.sid).fetch();
  assert.deepEqual([shown.phoneNumber, shown.countryCode], [number.phoneNumber, "US"]);
  assert.equal((await services(one.sid).phoneNumbers.list()).length, 1);
  assert.equal(await services(one.sid).phoneNumbers(number.sid).remove(), true);
  await assert.rejects(services(one.sid).alphaSenders.create({ alphaSender: "Clinic" }), refusal(403, 21408));
  assert.deepEqual(await services(one.sid).shortCodes.list(), []);
  await assert.rejects(services(one.sid).shortCodes.create({ shortCodeSid: `SC${"0".repeat(32)}` }), refusal(404, 20404));
});

test("a recipient keeps its sender, and the message names the service", async (context) => {
  const made = await service(context);
  for (let count = 0; count < 3; count += 1) await join(context, made);
  const first = await send(made, "+13465550181");
  assert.equal(first.messagingServiceSid, made.sid);
  const ended = await untilTerminal(client, first.sid);
  assert.deepEqual([ended.status, ended.to, ended.from], ["delivered", "+1346555XXXX", first.from]);
  for (let count = 0; count < 3; count += 1) assert.equal((await send(made, "+13465550181")).from, first.from);
});

test("without a sender there is no message", async (context) => {
  const made = await service(context);
  await assert.rejects(send(made, "+13465550182"), refusal(400, 21704));
  await assert.rejects(send({ sid: `MG${"0".repeat(32)}` }, "+13465550182"), refusal(400, 21701));
  await assert.rejects(send(made, "+442079460018"), refusal(403, 21408));
});

test("a message is scheduled with a service and canceled, and feedback is taken", async (context) => {
  const made = await service(context);
  await join(context, made);
  const sendAt = new Date(Date.now() + 3_600_000);
  const { sid, status } = await send(made, "+13465550183", { scheduleType: "fixed", sendAt });
  assert.equal(status, "scheduled");
  assert.equal((await client.messages(sid).update({ status: "canceled" })).status, "canceled");
  const message = await send(made, "+13465550183", { provideFeedback: true });
  await untilTerminal(client, message.sid);
  const feedback = await client.messages(message.sid).feedback.create({ outcome: "confirmed" });
  assert.deepEqual([feedback.messageSid, feedback.outcome], [message.sid, "confirmed"]);
});
