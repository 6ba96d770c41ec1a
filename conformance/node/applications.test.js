// The Node SDK, unmodified: applications and addresses, and a message that is answered by a TwiML Bin. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { test } = require("node:test");
const twilio = require("twilio");
const { eventually, handsetMessages, request, sendFromHandset, setting } = require("./support");

const HANDSET = "+13125550191";
const client = twilio(setting("account_sid"), setting("auth_token"));

/** Runs `body` with a number that is given back. */
async function withNumber(body) {
  const number = await client.incomingPhoneNumbers.create({ areaCode: "415" });
  try {
    await body(number);
  } finally {
    await client.incomingPhoneNumbers(number.sid).remove();
  }
}

test("an application's bin answers what comes in to its number", () =>
  withNumber(async (number) => {
    const word = randomBytes(4).toString("hex");
    const bins = `/switchward/v1/Accounts/${setting("account_sid")}/TwimlBins`;
    const twiml = `<Response><Message>${word}: {{Body}}</Message></Response>`;
    const { url } = await request("POST", bins, { friendly_name: "Thanks", twiml });
    const application = await client.applications.create({ friendlyName: "Bin", smsUrl: url });
    await client.incomingPhoneNumbers(number.sid).update({ smsApplicationSid: application.sid });
    await sendFromHandset(HANDSET, number.phoneNumber, "1 < 2 & more");
    await eventually("the answer is on the handset", async () =>
      (await handsetMessages(HANDSET)).some((shown) => shown.body === `${word}: 1 < 2 & more`),
    );
    assert.equal((await client.applications(application.sid).fetch()).smsUrl, url);
    assert.ok(await client.applications(application.sid).remove());
  }));

test("an address is made, listed, changed and deleted", async () => {
  const made = await client.addresses.create({
    customerName: "Clinic",
    street: "1 Main St",
    city: "Boston",
    region: "MA",
    postalCode: "02108",
    isoCountry: "US",
  });
  const changed = await client.addresses(made.sid).update({ city: "Cambridge" });
  assert.deepEqual([changed.city, changed.street, changed.validated], ["Cambridge", "1 Main St", false]);
  const listed = await client.addresses.list({ customerName: "Clinic", isoCountry: "US" });
  assert.ok(listed.some((one) => one.sid === made.sid));
  assert.ok(await client.addresses(made.sid).remove());
});
