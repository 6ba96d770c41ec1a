// The Node SDK, unmodified: 429 is its exception, or with `autoRetry` no more than a pause.
"use strict";

const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const twilio = require("twilio");
const { limit, refusal, setting } = require("./support");

const PER_SECOND = 5;
const owner = twilio(setting("account_sid"), setting("auth_token"));
let account;

before(async () => {
  account = await owner.api.v2010.accounts.create({ friendlyName: "limits" });
  await limit(account.sid, { requests_per_second: PER_SECOND });
});

after(() => owner.api.v2010.accounts(account.sid).update({ status: "closed" }));

/** Fetches the account this many times, all at once. */
const fetches = (client, count) =>
  Promise.all(Array.from({ length: count }, () => client.api.v2010.accounts(account.sid).fetch()));

test("without autoRetry the SDK raises its exception", async () => {
  const client = twilio(account.sid, account.authToken);
  await assert.rejects(fetches(client, 20 * PER_SECOND), refusal(429, 20429));
});

test("with autoRetry the SDK waits and gets everything", async () => {
  const client = twilio(account.sid, account.authToken, { autoRetry: true, maxRetries: 20 });
  const fetched = await fetches(client, 3 * PER_SECOND);
  assert.equal(fetched.length, 3 * PER_SECOND);
});
