// With the server stopped, the SDK fails to connect and reaches nothing else. Run by ../run.py, last.
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const twilio = require("twilio");
const { setting } = require("./support");

test("every product fails to connect", async () => {
  const client = twilio(setting("account_sid"), setting("auth_token"), { timeout: 5_000 });
  const calls = [
    () => client.api.v2010.accounts(setting("account_sid")).fetch(),
    () => client.lookups.v2.phoneNumbers("+13125550167").fetch(),
    () => client.monitor.v1.alerts(`NO${"0".repeat(32)}`).fetch(),
    () => client.accounts.v1.secondaryAuthToken().create(),
  ];
  const proxyPort = Number(new URL(process.env.HTTP_PROXY).port);
  for (const call of calls) {
    await assert.rejects(call, (error) => {
      assert.equal(error.code, "ECONNREFUSED");
      assert.equal(error.port ?? error.cause?.port, proxyPort);
      return true;
    });
  }
});
