// What people see of a public alert, in a real browser: the banner on a site with strict rules of its own, and the page.
// ANSWERS is a folder with what breach-notify answered (tests/events/examples/alerts.rs); CHROMIUM the browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const answers = Object.fromEntries(
  ["one", "none"].map((name) => [name, JSON.parse(readFileSync(`${process.env.ANSWERS}/${name}.json`, "utf8"))]),
);

let api, site, browser;

const listen = (answer) =>
  new Promise((resolve) => {
    const server = createServer(answer).listen(0, "127.0.0.1", () =>
      resolve({ server, origin: `http://127.0.0.1:${server.address().port}` }),
    );
  });

before(async () => {
  // As the gateway hands it on, without any header of its own: /one/alerts/banner.js, /none/alerts/page.
  api = await listen((request, response) => {
    const [, name, , route] = new URL(request.url, "http://x").pathname.split("/");
    const answer = answers[name]?.[route];
    if (!answer) return response.writeHead(404).end();
    response.writeHead(answer.statusCode, answer.headers).end(answer.body);
  });
  site = await listen((request, response) => {
    const { searchParams } = new URL(request.url, "http://x");
    const source = searchParams.get("src") ?? `${api.origin}/one/alerts/banner.js`;
    const attributes = searchParams.get("attributes") ?? "";
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      // Neither inline scripts nor inline styles, and no request but for the script itself.
      "content-security-policy": `default-src 'none'; script-src ${api.origin}; style-src 'none'`,
    });
    response.end(
      `<!doctype html><html lang="${searchParams.get("lang") ?? "en"}"><meta charset="utf-8"><title>Shop</title>` +
        `<script src="${source}" async ${attributes}></script>` +
        `<main><h1>Shop</h1><div id="here"></div><p>Welcome.</p></main></html>`,
    );
  });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  });
});

after(async () => {
  await browser?.close();
  api?.server.close();
  site?.server.close();
});

/** A page of the site, with what went wrong on it and what it asked for. */
const open = async (query = {}) => {
  const context = await browser.newContext({ locale: "en-GB" });
  const page = await context.newPage();
  const [errors, asked] = [[], []];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`${site.origin}/?${new URLSearchParams(query)}`, { waitUntil: "networkidle" });
  return { context, page, errors, asked };
};

const violations = async (page) => {
  // Past the page's own rules, which forbid a script of ours as any other: the browser's tools put it in.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  const found = await page.evaluate(() => globalThis.axe.run());
  return found.violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" ")}`);
};

test("the banner shows the alert as text, under rules that allow nothing inline", async () => {
  const { context, page, errors, asked } = await open();
  const banner = page.getByRole("region", { name: "Notice about the security of data" });
  await banner.waitFor();
  assert.match(await banner.getByRole("heading").innerText(), /about the security of data$/);
  assert.match(await banner.innerText(), /<\/script><script>globalThis\.hostile=1<\/script><img src=x/);
  assert.equal(await page.evaluate(() => globalThis.hostile), undefined);
  assert.equal(await banner.locator("img, script").count(), 0);
  // It is styled all the same, and asked for nothing but itself.
  assert.equal(await banner.evaluate((region) => getComputedStyle(region).backgroundColor), "rgb(255, 246, 221)");
  assert.deepEqual(asked.filter((url) => url.startsWith(api.origin)), [`${api.origin}/one/alerts/banner.js`]);
  assert.deepEqual(await context.cookies(), []);
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
  assert.equal(await banner.getByRole("link").getAttribute("href"), `${api.origin}/one/alerts/page?lang=en`);
  assert.deepEqual(errors.filter((error) => !error.includes("favicon")), []);
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test("it speaks the language of the site, or the one that it is told", async () => {
  for (const [query, word] of [
    [{ lang: "de-AT" }, "Mehr lesen"],
    [{ lang: "de", attributes: 'data-lang="fr"' }, "En savoir plus"],
    [{ lang: "it" }, "Read more"],
  ]) {
    const { context, page } = await open(query);
    await page.getByRole("link", { name: word }).waitFor();
    await context.close();
  }
  // Words that were not translated say in which language they are.
  const { context, page } = await open({ lang: "fr" });
  assert.equal(await page.locator("section p").nth(1).getAttribute("lang"), "en");
  await context.close();
});

test("it is closed with the keyboard, for this view of the page alone", async () => {
  const { context, page } = await open();
  const banner = page.getByRole("region");
  await banner.waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await banner.count(), 0);
  await page.reload({ waitUntil: "networkidle" });
  await banner.getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("Escape");
  assert.equal(await banner.count(), 0);
  await context.close();
});

test("it stands where the site wants it", async () => {
  const { context, page } = await open({ attributes: 'data-target="#here"' });
  await page.getByRole("region").waitFor();
  assert.equal(await page.locator("#here > div").count(), 1);
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test("nothing is shown where there is nothing to tell, and where something is wrong", async () => {
  for (const query of [
    { src: `${api.origin}/none/alerts/banner.js` },
    { src: `${api.origin}/gone/alerts/banner.js` },
    { attributes: 'data-target="#nowhere"' },
    { attributes: 'data-target="]["' },
  ]) {
    const { context, page, errors } = await open(query);
    assert.equal(await page.getByRole("region").count(), 0);
    assert.equal(await page.locator("body > div").count(), 0);
    assert.deepEqual(errors.filter((error) => !/404|favicon/.test(error)), []);
    await context.close();
  }
});

test("the page is readable without scripts, and its hostile words are text", async () => {
  for (const name of ["one", "none"]) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${api.origin}/${name}/alerts/page`);
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
    assert.equal(await page.locator("script, img, i").count(), 0);
    assert.deepEqual(await violations(page), []);
    await context.close();
  }
});

test("the feed is well-formed", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.origin}/?src=x`);
  for (const [name, entries] of [["one", 1], ["none", 0]]) {
    const read = await page.evaluate((xml) => {
      const document = new DOMParser().parseFromString(xml, "application/xml");
      return [document.querySelector("parsererror") === null, document.querySelectorAll("entry").length];
    }, answers[name].feed.body);
    assert.deepEqual(read, [true, entries]);
  }
  await context.close();
});
