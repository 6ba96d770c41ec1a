// The Node SDK, unmodified: media out, the Media resource, and the bytes with HTTP Basic. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { readFileSync } = require("node:fs");
const path = require("node:path");
const { before, test } = require("node:test");
const twilio = require("twilio");
const { eventually, handsetMessages, receiver, request, setting, untilTerminal } = require("./support");

const HANDSET = "+13125550191";
const client = twilio(setting("account_sid"), setting("auth_token"));
const basic = `Basic ${Buffer.from(`${setting("account_sid")}:${setting("auth_token")}`).toString("base64")}`;

before(async () => {
  const authority = readFileSync(path.join(setting("webhooks"), "authority.pem"), "ascii");
  const target = `/switchward/v1/Accounts/${setting("account_sid")}/Settings`;
  await request("POST", target, { webhook_authorities: [authority] });
});

test("media reach the handset and are destroyed when they are delivered", async () => {
  const clinic = await receiver();
  try {
    const card = `BEGIN:VCARD\nVERSION:4.0\nFN:${randomBytes(8).toString("hex")}\nEND:VCARD\n`;
    clinic.answers["/card"] = card;
    const sent = await client.messages.create({
      to: HANDSET,
      from: setting("phone_number"),
      body: "Our address",
      mediaUrl: [clinic.url("/card")],
    });
    assert.equal(sent.numMedia, "1");
    assert.equal((await untilTerminal(client, sent.sid)).status, "delivered");
    const shown = (await handsetMessages(HANDSET)).find((one) => one.sid === sent.sid);
    assert.deepEqual(shown.media.map((one) => one.content_type), ["text/vcard"]);
    assert.deepEqual(await client.messages(sent.sid).media.list(), []);
  } finally {
    await clinic.close();
  }
});

test("media are listed, fetched, read and deleted", async () => {
  const clinic = await receiver();
  const number = await client.incomingPhoneNumbers.create({ areaCode: "415", smsUrl: clinic.url("/mms") });
  try {
    const picture = Buffer.from("\x89PNG\r\n\x1a\n a picture of nobody", "latin1");
    const handset = `/switchward/v1/simulator/handsets/${encodeURIComponent(HANDSET)}/messages`;
    await request("POST", handset, { to: number.phoneNumber, media: [picture.toString("base64")] });
    const [{ form }] = await eventually("the webhook is asked", () => clinic.received.length && clinic.received);
    const message = client.messages(form.MessageSid);
    const [media] = await message.media.list();
    assert.equal((await message.media(media.sid).fetch()).contentType, "image/png");
    const bytes = setting("url") + new URL(form.MediaUrl0).pathname;
    assert.equal((await fetch(bytes)).status, 401);
    const read = await fetch(bytes, { headers: { authorization: basic } });
    assert.equal(read.headers.get("cache-control"), "no-store");
    assert.deepEqual(Buffer.from(await read.arrayBuffer()), picture);
    assert.ok(await message.media(media.sid).remove());
    assert.deepEqual(await message.media.list(), []);
  } finally {
    await client.incomingPhoneNumbers(number.sid).remove();
    await clinic.close();
  }
});

test("more than ten media are refused", async () => {
  const many = { to: HANDSET, from: setting("phone_number"), mediaUrl: Array(11).fill("https://media.example/a.png") };
  await assert.rejects(client.messages.create(many), { status: 400, code: 21623 });
});
