// Opens the page of `cc-proxy ui` in a real browser; prints one JSON line for each case.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { cases } from './cases.mjs';

const { BROWSER_PATH, PAGE_ADDRESS, SCREENSHOTS } = process.env;
const SECONDS = 60;
const FLAGS = [
  '--no-sandbox', // root has none, in a container
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({ executablePath: BROWSER_PATH, args: FLAGS });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
context.setDefaultTimeout(SECONDS * 1000);
const page = await context.newPage();
const told = [];
page.on('console', (message) => told.push(`${message.type()}: ${message.text()}`));
page.on('pageerror', (error) => told.push(String(error)));
const asked = [];
page.on('request', (request) => asked.push({ url: request.url(), headers: request.headers() }));

const stage = { page, context, told, asked, axe, address: PAGE_ADDRESS, screenshots: SCREENSHOTS };
try {
  for (const [name, run] of Object.entries(cases)) {
    let outcome = { ok: true };
    try {
      await run(stage);
    } catch (error) {
      outcome = { ok: false, error: error?.stack ?? String(error) };
    }
    console.log(JSON.stringify({ name, ...outcome }));
  }
} finally {
  await browser.close();
}
