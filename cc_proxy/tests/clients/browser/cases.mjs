// What a person does with the page, one after the other in one tab.
import assert from 'node:assert/strict';

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };

/** Return the serious findings of axe, each with the first element that it is about. */
async function findings(page, axe) {
  // By the protocol of the debugger, which the policy of the page does not bind.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const serious = violations.filter((one) => ['serious', 'critical'].includes(one.impact));
  return serious.map((one) => `${one.id}: ${one.help} (${one.nodes[0].html.slice(0, 200)})`);
}

async function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

const focused = (page, of) => page.evaluate(of);

export const cases = {
  'the address lets the page in and is gone': async ({ page, address }) => {
    await page.goto(address);
    await page.locator('.card').first().waitFor();
    assert.equal(page.url(), address.split('#')[0]);
    assert.equal(await page.locator('#locked').isVisible(), false);
  },

  'no request has the ticket in its address, and all are to the proxy': async ({ asked, address }) => {
    const [own, ticket] = address.split('#ticket=');
    assert.ok(asked.length > 10);
    for (const { url } of asked) {
      assert.equal(new URL(url).origin, new URL(own).origin);
      assert.ok(!url.includes(ticket));
    }
    assert.ok(asked.some(({ headers }) => headers.authorization?.startsWith('Bearer ')));
  },

  'each session has a card, with its window and where Claude Code compacts': async ({ page }) => {
    const card = page.locator('.card', { has: page.getByRole('heading', { name: 'project' }) });
    await card.waitFor();
    assert.match(
      await card.locator('.window-text').innerText(),
      /of 64k used .* until Claude Code compacts, at 39k/,
    );
    const mark = Number(await card.locator('.window .mark').getAttribute('x'));
    assert.ok(Math.abs(mark / 1000 - 39429 / 65536) < 0.01);
    const names = await page.locator('.card h3').allInnerTexts();
    assert.deepEqual([...names].sort(), ['project', 'shop', 'website']);
  },

  'what runs is seen to run': async ({ page }) => {
    await page.locator('.card[data-state="writing"] .state').filter({ hasText: 'writing' }).waitFor();
    assert.match(await page.locator('#summary').innerText(), /1 writing/);
  },

  'a request opens to what was rescued and repaired': async ({ page }) => {
    const row = page.locator('.row', { hasText: '1 rescued' });
    await row.locator('summary').click();
    await row.locator('.notes li').first().waitFor();
    assert.match(await row.locator('.badges').innerText(), /1 rescued\s*1 repaired/);
    assert.match(await row.locator('.commands').innerText(), /cc-proxy logs --request req_/);
    // An answer of the next second leaves it open.
    await page.waitForResponse((answer) => answer.url().includes('/activity'));
    assert.equal(await row.getAttribute('open'), '');
    await row.locator('summary').click();
  },

  'a failed request is red, and its error has its id': async ({ page }) => {
    assert.equal(await page.locator('.row .badge.failed').count(), 1);
    assert.match(await page.locator('#error-list').innerText(), /req_\w+[\s\S]*Ollama failed/);
  },

  'only those with notes can be shown': async ({ page }) => {
    const all = await page.locator('.row').count();
    await page.getByLabel('Only those with notes').check();
    await page.waitForFunction((count) => document.querySelectorAll('.row').length < count, all);
    assert.equal(
      await page.locator('.row', { has: page.locator('.badge') }).count(),
      await page.locator('.row').count(),
    );
    await page.getByLabel('Only those with notes').uncheck();
  },

  'the timeline is walked with the keyboard, and Enter opens the request': async ({ page }) => {
    await page.locator('#spans input:checked').focus();
    await page.keyboard.press('Tab');
    const label = () => focused(page, () => document.activeElement.getAttribute('aria-label'));
    const first = await label();
    assert.match(first, /: (done|writing|failed)/);
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    assert.notEqual(await label(), null);
    assert.equal(await page.locator('#told').innerText(), await label());
    const id = await focused(page, () => document.activeElement.dataset.key);
    await page.keyboard.press('Enter');
    const opened = await focused(page, () => [
      document.activeElement.tagName,
      document.activeElement.parentElement.dataset.key,
    ]);
    assert.deepEqual(opened, ['SUMMARY', id]);
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('.row[open]').count(), 0);
  },

  'every part is reached with Tab alone, in the order of the page': async ({ page }) => {
    await page.locator('.skip').focus();
    const seen = [];
    for (let step = 0; step < 10; step += 1) {
      seen.push(
        await focused(page, () => {
          const here = document.activeElement;
          return here.closest('section, header')?.id || here.className;
        }),
      );
      await page.keyboard.press('Tab');
    }
    const order = ['skip', '', 'timeline', 'requests'];
    const places = order.map((part) => seen.indexOf(part));
    assert.ok(
      places.every((place, at) => place >= 0 && (at === 0 || place > places[at - 1])),
      JSON.stringify(seen),
    );
  },

  'in both colours and both widths axe finds nothing serious and nothing sticks out': async ({
    page,
    axe,
    screenshots,
  }) => {
    const row = page.locator('.row', { hasText: '1 rescued' });
    await row.locator('summary').click();
    for (const [width, viewport] of [
      ['wide', WIDE],
      ['narrow', NARROW],
    ]) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(() => window.scrollTo(0, 0));
        await page.waitForResponse((answer) => answer.url().includes('/activity'));
        assert.deepEqual(await findings(page, axe), [], `${width}, ${colorScheme}`);
        assert.equal(await overflow(page), 0, `${width}, ${colorScheme}`);
        const shown = { wide: 'light', narrow: 'dark' }[width] === colorScheme;
        await page.evaluate(() => document.activeElement.blur());
        if (shown) await page.screenshot({ path: `${screenshots}/page-${width}.png` });
      }
    }
    await page.setViewportSize(WIDE);
  },

  'the switch changes the colours, and a reload keeps them and the key': async ({ page }) => {
    await page.emulateMedia({ colorScheme: 'light' });
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByRole('button', { name: 'Colours: system' }).click();
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    await page.locator('.card').first().waitFor();
    assert.equal(await ground(), dark);
  },

  'a used address shows nothing, and says what to do': async ({ context, address }) => {
    const other = await context.newPage();
    await other.goto(address);
    await other.locator('#locked').waitFor();
    assert.match(await other.locator('#locked').innerText(), /works once[\s\S]*cc-proxy ui/);
    assert.equal(await other.locator('.card').count(), 0);
    await other.close();
  },

  'the console is empty': async ({ told }) => {
    assert.deepEqual(told, []);
  },

  'a proxy that is gone is told of, and the page stays': async ({ page }) => {
    await page.route('**/activity?*', (route) => route.abort());
    await page.locator('#notice').filter({ hasText: 'cc-proxy start' }).waitFor();
    assert.ok((await page.locator('.card').count()) > 0);
    await page.unroute('**/activity?*');
    await page.locator('#notice').waitFor({ state: 'hidden' });
  },
};
