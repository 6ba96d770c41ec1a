// What the tests know of the running server, and raw HTTP to it, past the SDK.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const https = require("node:https");
const path = require("node:path");
const { setTimeout: pause } = require("node:timers/promises");

const WAIT_MS = 20_000;
const REQUEST_MS = 15_000;
const TERMINAL = new Set(["delivered", "undelivered", "failed"]);

/** A value that run.py hands over, for example `account_sid`. */
function setting(name) {
  const value = process.env[`SWITCHWARD_${name.toUpperCase()}`];
  if (!value) throw new Error(`SWITCHWARD_${name.toUpperCase()} is not set: run these tests through conformance/run.py`);
  return value;
}

/** Repeats `attempt` until it gives something true, for a bounded time. */
async function eventually(description, attempt) {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const result = await attempt();
    if (result) return result;
    assert.ok(Date.now() < deadline, `did not happen within ${WAIT_MS} ms: ${description}`);
    await pause(100);
  }
}

/** One direct request of our own API: fetch() obeys no proxy variable. */
async function request(method, target, body, user = "account_sid", password = "auth_token") {
  const token = Buffer.from(`${user === "operator" ? user : setting(user)}:${setting(password)}`).toString("base64");
  const response = await fetch(setting("url") + target, {
    method,
    headers: { authorization: `Basic ${token}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  assert.ok(response.status < 300, `${method} ${target} was answered with ${response.status}`);
  return response.json();
}

/** Sets how much an account may ask for, as the operator. */
const limit = (account, limits) =>
  request("POST", `/switchward/v1/Accounts/${account}/Limits`, limits, "operator", "operator_token");

const handset = (number) => `/switchward/v1/simulator/handsets/${encodeURIComponent(number)}/messages`;

/** What the simulated handset with this number shows. */
const handsetMessages = async (number) => (await request("GET", handset(number))).messages;

/** A person writes to one of our numbers. */
const sendFromHandset = (number, to, body) => request("POST", handset(number), { to, body });

/** The message once nothing more will happen to it. */
const untilTerminal = (client, sid) =>
  eventually("a terminal status", async () => {
    const message = await client.messages(sid).fetch();
    return TERMINAL.has(message.status) && message;
  });

/** For `assert.rejects`: the SDK's exception has this status and code. */
const refusal = (status, code) => (error) => {
  assert.deepEqual([error.status, error.code], [status, code]);
  return true;
};

/** A clinic's webhook server on 127.0.0.1: it keeps what it was asked, and answers what `answers` says. */
async function receiver(certificate = "trusted") {
  const file = (kind) => readFileSync(path.join(setting("webhooks"), `${certificate}.${kind}`));
  const received = [];
  const answers = {};
  const server = https.createServer({ cert: file("pem"), key: file("key") }, (incoming, outgoing) => {
    const chunks = [];
    incoming.on("data", (chunk) => chunks.push(chunk));
    incoming.on("end", () => {
      const url = new URL(incoming.url, base());
      const body = Buffer.concat(chunks).toString("utf8");
      received.push({
        path: url.pathname,
        url: base() + incoming.url,
        body,
        form: Object.fromEntries(new URLSearchParams(body)),
        signature: incoming.headers["x-twilio-signature"],
        method: incoming.method,
      });
      outgoing.setHeader("content-type", "text/xml");
      outgoing.end(answers[url.pathname] ?? "<Response/>");
    });
  });
  const base = () => `https://127.0.0.1:${server.address().port}`;
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    answers,
    received,
    url: (target) => base() + target,
    at: (target) => received.filter((one) => one.path === target),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

module.exports = {
  eventually,
  handsetMessages,
  limit,
  receiver,
  refusal,
  request,
  sendFromHandset,
  setting,
  untilTerminal,
};
