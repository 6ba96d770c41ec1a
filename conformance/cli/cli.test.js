// twilio-cli, unmodified, as a program of its own. Run by ../run.py.
//
// Account and token come from the environment, so that no profile is kept and no key ring is asked. It heeds
// HTTP_PROXY and NODE_EXTRA_CA_CERTS, as `switchward env` sets them.
"use strict";

const assert = require("node:assert/strict");
const { execFile } = require("node:child_process");
const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");
const { after, test } = require("node:test");

const { eventually, setting } = require("../node/support");

const COMMAND_MS = 60_000;
// A number set aside for fiction; every file has handsets of its own.
const HANDSET = "+13125550168";
const UNKNOWN = "SM00000000000000000000000000000000";

const program = path.join(setting("cli_modules"), "twilio-cli", "bin", "run");
const home = mkdtempSync(path.join(tmpdir(), "switchward-cli-"));
after(() => rmSync(home, { recursive: true, force: true }));

/** Runs one command; what it printed, and how it ended. */
function run(...words) {
  const env = {
    ...process.env,
    HOME: home,
    TWILIO_ACCOUNT_SID: setting("account_sid"),
    TWILIO_AUTH_TOKEN: setting("auth_token"),
    NODE_NO_WARNINGS: "1",
  };
  return new Promise((resolve) => {
    const done = (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr });
    execFile(process.execPath, [program, ...words], { env, timeout: COMMAND_MS }, done);
  });
}

/** Runs one command that must end well; the rows it printed. */
async function rows(...words) {
  const { code, stdout, stderr } = await run(...words, "-o", "json");
  assert.equal(code, 0, `${words[0]}: ${stderr}`);
  return stdout.trim() ? JSON.parse(stdout) : [];
}

async function number() {
  const listed = await rows("phone-numbers:list");
  return listed.find((one) => one.phoneNumber === setting("phone_number"));
}

test("phone-numbers:list and phone-numbers:update", async () => {
  const { sid, friendlyName } = await number();
  assert.match(sid, /^PN[0-9a-f]{32}$/);
  await rows("phone-numbers:update", sid, "--friendly-name", "Front desk");
  assert.equal((await number()).friendlyName, "Front desk");
  await rows("phone-numbers:update", sid, "--friendly-name", friendlyName);
});

test("phone-numbers:update is told the rule it breaks", async () => {
  const { sid, smsUrl } = await number();
  const { stdout, stderr } = await run("phone-numbers:update", sid, "--sms-url", "http://clinic.example/sms");
  assert.match(stdout + stderr, /77117/);
  assert.equal((await number()).smsUrl, smsUrl);
});

test("api:core:messages from create to remove", async () => {
  const body = "Your appointment is tomorrow at 9.";
  const create = ["api:core:messages:create", "--to", HANDSET, "--from", setting("phone_number"), "--body", body];
  const [made] = await rows(...create);
  assert.deepEqual([made.body, made.to, made.direction], [body, HANDSET, "outbound-api"]);
  const fetch = async () => (await rows("api:core:messages:fetch", "--sid", made.sid))[0];
  await eventually("the message is delivered", async () => (await fetch()).status === "delivered");
  const listed = await rows("api:core:messages:list", "--to", HANDSET, "--limit", "5");
  assert.ok(listed.some((one) => one.sid === made.sid));
  const [redacted] = await rows("api:core:messages:update", "--sid", made.sid, "--body", "");
  assert.equal(redacted.body, "");
  assert.equal((await run("api:core:messages:remove", "--sid", made.sid)).code, 0);
  const gone = await run("api:core:messages:fetch", "--sid", made.sid);
  assert.match(gone.stdout + gone.stderr, /20404/);
  assert.notEqual(gone.code, 0);
});

test("an unknown message is not found", async () => {
  const { code, stdout, stderr } = await run("api:core:messages:fetch", "--sid", UNKNOWN);
  assert.match(stdout + stderr, /20404/);
  assert.notEqual(code, 0);
});

test("debugger:logs:list", async () => {
  assert.ok(Array.isArray(await rows("debugger:logs:list")));
});
