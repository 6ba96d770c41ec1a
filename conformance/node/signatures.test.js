// The official Node validator, unmodified, on requests as the server signs them. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { test } = require("node:test");
const twilio = require("twilio");

const cases = JSON.parse(readFileSync(join(__dirname, "..", "signatures.json"), "utf8"));

/** The names and values as Express gives them: a name that comes twice has an array. */
function form(pairs) {
  const fields = {};
  for (const [name, value] of pairs) {
    fields[name] = name in fields ? [fields[name], value].flat() : value;
  }
  return fields;
}

// This version of the SDK knows HMAC-SHA1 only; the Python one checks those made with a shared key.
for (const one of cases.filter((one) => !one.key.id)) {
  test(`accepts ${one.name}`, () => {
    const signature = one.headers["X-Twilio-Signature"];
    const { secret } = one.key;
    if ("body" in one) {
      assert.ok(twilio.validateRequestWithBody(secret, signature, one.requested, one.body));
      assert.ok(!twilio.validateRequestWithBody(secret, signature, one.requested, `${one.body} `));
      assert.ok(!twilio.validateRequestWithBody("other", signature, one.requested, one.body));
    } else {
      assert.ok(twilio.validateRequest(secret, signature, one.requested, form(one.parameters)));
      assert.ok(!twilio.validateRequest(secret, signature, one.requested, { ...form(one.parameters), Extra: "1" }));
      assert.ok(!twilio.validateRequest("other", signature, one.requested, form(one.parameters)));
    }
  });
}
