// The Node SDK's signed requests, unmodified: an account that accepts no others. Run by ../run.py.
"use strict";

const assert = require("node:assert/strict");
const { generateKeyPairSync, randomBytes } = require("node:crypto");
const { before, test } = require("node:test");
const twilio = require("twilio");
const { refusal, setting } = require("./support");

const encoding = { publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } };
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048, ...encoding });

// Characters that clients escape in different ways.
const ODD_NAME = "a b+c~d*e'f(g)!:$,%41=h";

let account, credential, key, unsigned;

/** A direct request of our own API with the subaccount's token. */
async function ours(path, body) {
  const token = Buffer.from(`${account.sid}:${account.authToken}`).toString("base64");
  const response = await fetch(`${setting("url")}/switchward/v1/Accounts/${account.sid}/${path}`, {
    method: "POST",
    headers: { authorization: `Basic ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  });
  assert.ok(response.ok, `${path} was answered with ${response.status}`);
  return response.json();
}

function signing(options) {
  const validationClient = { accountSid: account.sid, credentialSid: credential.sid, signingKey: key.sid, privateKey, ...options };
  return twilio(key.sid, key.secret, { accountSid: account.sid, httpClient: new twilio.RequestClient({ validationClient }) });
}

before(async () => {
  const above = twilio(setting("account_sid"), setting("auth_token"));
  account = await above.api.v2010.accounts.create({ friendlyName: `signed ${randomBytes(4).toString("hex")}` });
  unsigned = twilio(account.sid, account.authToken);
  credential = await unsigned.accounts.v1.credentials.publicKey.create({ publicKey });
  key = await ours("Keys", { key_type: "main" });
  await ours("Settings", { enforce_client_validation: true });
});

test("an unsigned request is refused", async () => {
  await assert.rejects(unsigned.messages.list({ limit: 1 }), refusal(403, 70052));
});

for (const algorithm of ["RS256", "PS256"]) {
  test(`requests signed with ${algorithm} are carried out`, async () => {
    const client = signing({ algorithm });
    assert.deepEqual(await client.messages.list({ to: "+14155550123", dateSentAfter: new Date(0), limit: 1 }), []);
    const made = await client.iam.v1.newApiKey.create({ accountSid: account.sid, friendlyName: ODD_NAME });
    assert.equal(made.friendlyName, ODD_NAME);
    assert.equal((await client.iam.v1.apiKey(made.sid).fetch()).friendlyName, ODD_NAME);
    await client.api.v2010.accounts.list({ friendlyName: ODD_NAME, limit: 1 });
    assert.equal(await client.iam.v1.apiKey(made.sid).remove(), true);
  });
}

test("signed pages follow each other", async () => {
  const client = signing();
  const made = [];
  for (let count = 0; count < 3; count++) made.push((await client.iam.v1.newApiKey.create({ accountSid: account.sid })).sid);
  for (const listed of [
    await client.iam.v1.getApiKeys.list({ accountSid: account.sid, pageSize: 1 }),
    await client.keys.list({ pageSize: 1 }),
  ]) {
    const sids = listed.map((one) => one.sid);
    assert.ok(made.every((sid) => sids.includes(sid)));
  }
});

test("another private key is refused", async () => {
  const other = generateKeyPairSync("rsa", { modulusLength: 2048, ...encoding }).privateKey;
  await assert.rejects(signing({ privateKey: other }).messages.list({ limit: 1 }), refusal(403, 20151));
});
