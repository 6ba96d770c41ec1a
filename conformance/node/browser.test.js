// Segment's browser SDK, unmodified, in Chromium: a page of another origin loads it, it asks this server for its settings,
// and sends what it is called with. CHROMIUM names the browser; without it nothing runs.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { createServer } = require("node:http");
const path = require("node:path");
const { after, before, test } = require("node:test");
const { eventually, request, setting } = require("./support");

const { CHROMIUM } = process.env;
const options = { skip: CHROMIUM ? false : "CHROMIUM is not set" };
const account = () => `/switchward/v1/Accounts/${setting("account_sid")}`;
const BUNDLES = path.join(path.dirname(require.resolve("@segment/analytics-next/package.json")), "dist/umd");
const PAGE = '<!doctype html><title>Booking</title><script src="/index.js"></script>';

let browser;
let pages;
let source;

/** The page, and the SDK's bundles as they were published. */
function serve(incoming, answer) {
  const name = path.basename(new URL(incoming.url, "http://page").pathname);
  const isBundle = name.endsWith(".js");
  answer.setHeader("content-type", isBundle ? "text/javascript" : "text/html");
  try {
    answer.end(isBundle ? readFileSync(path.join(BUNDLES, name)) : PAGE);
  } catch {
    answer.writeHead(404).end();
  }
}

before(async () => {
  if (!CHROMIUM) return;
  const workspace = (await request("POST", `${account()}/Workspaces`, { name: "Browser" })).sid;
  source = await request("POST", `${account()}/Workspaces/${workspace}/Sources`, { name: "Booking" });
  pages = createServer(serve).listen(0, "127.0.0.1");
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--no-proxy-server"];
  browser = await require("puppeteer-core").launch({ executablePath: CHROMIUM, args });
});

after(async () => {
  await browser?.close();
  pages?.close();
});

/** What is kept of the source. */
const events = async () => (await request("GET", `${account()}/Sources/${source.sid}/Events`)).events;

test("a page of another origin identifies, tracks, pages and groups", options, async () => {
  const page = await browser.newPage();
  const [failures, asked] = [[], []];
  page.on("pageerror", (error) => failures.push(error.message));
  page.on("requestfailed", (failed) => failures.push(`${failed.method()} ${failed.url()}`));
  page.on("response", (response) => asked.push([response.status(), new URL(response.url()).pathname]));
  await page.goto(`http://localhost:${pages.address().port}/booking?from=mail`);
  const url = new URL(setting("url"));
  const settings = { writeKey: source.write_keys[0], cdnURL: url.origin };
  const to = { "Segment.io": { apiHost: `${url.host}/v1`, protocol: url.protocol.slice(0, -1) } };
  await page.evaluate(
    async (settings, integrations) => {
      const [analytics] = await window.AnalyticsNext.AnalyticsBrowser.load(settings, { integrations });
      const consent = { categoryPreferences: { Care: true, Ads: false } };
      await analytics.page("Start", { ward: 4 }, { context: { consent } });
      await analytics.identify("u-1", { plan: "gold" });
      await analytics.track("Booked", { ward: 4, note: "ü" });
      await analytics.group("g-1", { seats: 3 });
    },
    settings,
    to,
  );
  const kept = await eventually("four events", async () => {
    const all = await events();
    return all.length >= 4 && all;
  });
  assert.deepEqual(kept.map(({ type }) => type).sort(), ["group", "identify", "page", "track"]);
  const [viewed, booked] = ["page", "track"].map((type) => kept.find((event) => event.type === type));
  assert.deepEqual([booked.event, booked.userId, booked.properties], ["Booked", "u-1", { ward: 4, note: "ü" }]);
  assert.equal(booked.context.library.name, "analytics.js");
  assert.equal(viewed.context.page.path, "/booking");
  assert.deepEqual(viewed.context.consent.categoryPreferences, { Care: true, Ads: false });
  assert.equal(new Set(kept.map(({ anonymousId }) => anonymousId)).size, 1, "one device");
  assert.deepEqual(failures, []);
  assert.ok(asked.some(([status, name]) => status === 200 && name.endsWith("/settings")), JSON.stringify(asked));
  await page.close();
});

test("what it sends in batches arrives as well", options, async () => {
  const page = await browser.newPage();
  await page.goto(`http://localhost:${pages.address().port}/`);
  const before = (await events()).length;
  const url = new URL(setting("url"));
  const deliveryStrategy = { strategy: "batching", config: { size: 3, timeout: 500 } };
  const to = {
    "Segment.io": { apiHost: `${url.host}/v1`, protocol: url.protocol.slice(0, -1), deliveryStrategy },
  };
  await page.evaluate(
    async (settings, integrations) => {
      const [analytics] = await window.AnalyticsNext.AnalyticsBrowser.load(settings, { integrations });
      for (let number = 0; number < 7; number += 1) analytics.track("Step", { number });
    },
    { writeKey: source.write_keys[0], cdnURL: url.origin },
    to,
  );
  await eventually("seven more events", async () => (await events()).length >= before + 7);
  const numbers = (await events()).filter(({ event }) => event === "Step").map(({ properties }) => properties.number);
  assert.deepEqual(numbers.sort(), [0, 1, 2, 3, 4, 5, 6]);
  await page.close();
});
