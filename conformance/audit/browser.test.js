// The HTML evidence in a real browser: nothing runs, nothing is fetched, every anchor leads somewhere, the page is
// accessible in both themes, and it prints. EVIDENCE names the folder of reports, CHROMIUM the browser.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { after, before, describe, it } = require('node:test');
const puppeteer = require('puppeteer-core');
const axe = require('axe-core');

const { EVIDENCE, CHROMIUM = '/usr/bin/chromium' } = process.env;
// The large report is looked at for its size alone: axe would take minutes.
const REPORTS = ['small', 'hostile', 'medium'];
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

let browser;

before(async () => {
  browser = await puppeteer.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  });
});

after(() => browser?.close());

/// Opens a report and notes whatever the page fetches, logs or runs.
async function open(name, theme = 'light', width = 1200) {
  const page = await browser.newPage();
  const noted = [];
  page.on('console', (message) => noted.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => noted.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => { noted.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (!request.isNavigationRequest()) noted.push(`request: ${request.url()}`); });
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
  await page.goto(pathToFileURL(path.join(EVIDENCE, name, 'report.html')).href);
  return { page, noted };
}

for (const name of REPORTS) {
  describe(name, () => {
    it('runs nothing, fetches nothing and logs nothing', async () => {
      const { page, noted } = await open(name);
      const elements = await page.evaluate(() => [...document.querySelectorAll(
        'script, iframe, object, embed, img, link, base, form, meta[http-equiv=refresh]')].map((e) => e.outerHTML));
      const handlers = await page.evaluate(() => [...document.querySelectorAll('*')].flatMap((e) =>
        e.getAttributeNames().filter((attribute) => attribute.startsWith('on'))));
      const links = await page.evaluate(() => [...document.querySelectorAll('[href]')].map((e) => e.getAttribute('href'))
        .filter((href) => !href.startsWith('#') && !href.startsWith('https://')));
      const policy = await page.evaluate(() => document.querySelector('meta[http-equiv]').content);
      assert.deepStrictEqual([elements, handlers, links, noted], [[], [], [], []]);
      assert.strictEqual(policy, "default-src 'none'; style-src 'unsafe-inline'");
      await page.close();
    });

    it('would refuse a script', async () => {
      const { page, noted } = await open(name);
      // Not `page.evaluate` runs this but the page, so its policy speaks.
      await page.evaluate(() => {
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);
      });
      assert.strictEqual(await page.evaluate(() => window.ran), undefined);
      assert.match(noted.join(), /Content Security Policy/);
      await page.close();
    });

    it('has ids once, and anchors that lead somewhere', async () => {
      const { page } = await open(name);
      const problems = await page.evaluate(() => {
        const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
        const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
        const lost = [...document.querySelectorAll('a[href^="#"]')].map((e) => e.getAttribute('href').slice(1))
          .filter((id) => !document.getElementById(id));
        return { twice, lost };
      });
      assert.deepStrictEqual(problems, { twice: [], lost: [] });
      await page.close();
    });

    for (const theme of ['light', 'dark']) {
      it(`is accessible in the ${theme} theme`, async () => {
        const { page } = await open(name, theme);
        await page.evaluate(axe.source);
        await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
        const { violations, passes } = await page.evaluate(
          (tags) => globalThis.axe.run(document, { runOnly: tags, resultTypes: ['violations'] }), TAGS);
        const told = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((n) => `${n.html.slice(0, 120)} ${n.failureSummary}`).join(' | ')}`);
        assert.deepStrictEqual(told, []);
        assert.ok(passes.length > 20, 'axe looked at something');
        await page.close();
      });
    }

    it('fits a narrow screen', async () => {
      const { page } = await open(name, 'light', 360);
      const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      assert.ok(content <= screen, `${content} px on a screen of ${screen}`);
      await page.close();
    });

    for (const format of ['A4', 'Letter']) {
      it(`prints on ${format}`, async () => {
        const { page } = await open(name, 'dark');
        const pdf = await page.pdf({ format, path: path.join(EVIDENCE, name, `report-${format}.pdf`), timeout: 120_000 });
        assert.strictEqual(Buffer.from(pdf.subarray(0, 5)).toString(), '%PDF-');
        await page.close();
      });
    }
  });
}

it('stays usable with 200 subjects', async () => {
  const file = path.join(EVIDENCE, 'large', 'report.html');
  assert.ok(fs.statSync(file).size < 4_000_000);
  const { page, noted } = await open('large');
  const articles = await page.evaluate(() => document.querySelectorAll('article').length);
  const most = await page.evaluate(() => Math.max(...[...document.querySelectorAll('article')]
    .map((article) => article.querySelectorAll('.answer').length)));
  assert.ok(articles > 200 && most > 0 && most <= 25, `${articles} articles, at most ${most} subjects`);
  assert.deepStrictEqual(noted, []);
  await page.close();
});
