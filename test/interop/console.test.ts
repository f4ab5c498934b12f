import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { result } from '../../src/client/roles/result.ts';
import type { BrowserPage } from '../console/browser/browser-page.ts';
import { ConsoleFixture } from '../console/browser/console-fixture.ts';
import { contrasts, focusedId, temperatureAbove, temperatureShown, widths } from '../console/browser/probes.ts';

const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
const phone: BrowserContextOptions = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

describe('console in Chromium', () => {
  let fixture: ConsoleFixture | undefined;
  let browserPage: BrowserPage;
  let page: Page;

  const open = async (options: BrowserContextOptions = desktop): Promise<ConsoleFixture> => {
    assert.ok(fixture !== undefined);
    browserPage = await fixture.openPage(options);
    page = browserPage.page;
    await browserPage.waitUntilConnected();
    // The first event has arrived.
    await row('demo.climate').waitFor();
    return fixture;
  };
  const row = (topic: string) =>
    page.locator('.grid-body .row').filter({ has: page.locator('.cell-topic', { hasText: topic }) });
  const valueIn = (topic: string) => row(topic).locator('.cell-value').textContent();
  const call = () => page.getByRole('button', { name: 'Call', exact: true });

  before(async () => {
    fixture = await ConsoleFixture.start();
    await fixture.joinDevice();
  });
  after(() => fixture?.[Symbol.asyncDispose]());
  afterEach(async () => {
    const { problems, foreign } = browserPage;
    await browserPage.close();
    assert.deepEqual(problems, [], 'the browser reported problems');
    assert.deepEqual(foreign, [], 'the page sent requests to other hosts');
  });

  it('has a Content-Security-Policy that forbids other origins and inline code', async () => {
    await open();
    const policy = browserPage.headers['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(await page.title(), 'wampway');
  });

  it('updates values', async () => {
    await open();
    assert.match((await valueIn('demo.climate')) ?? '', /^temperature \d+ · fan (true|false)$/);
    await page.waitForFunction(temperatureAbove, await page.evaluate(temperatureShown));
    await browserPage.waitForText('.grid-body .cell-rate', /^\d+(\.\d)?\/s$/);
    await browserPage.waitForText('.grid-body .cell-age', /^now$/);
  });

  it('draws the chart of a number and of a switch', async () => {
    await open();
    await page.locator('canvas').waitFor();
    await browserPage.waitForChartLine();
    await browserPage.waitForText('#details-title', /^demo\.climate › temperature$/);
    await page.getByRole('radio', { name: /fan/ }).check({ force: true });
    await browserPage.waitForText('#details-title', /^demo\.climate › fan$/);
    await browserPage.waitForChartLine();
    assert.match(
      (await page.getByTestId('chart').getAttribute('aria-label')) ?? '',
      /^Chart of fan: latest (true|false)/,
    );
  });

  it('calls a procedure and shows its result', async () => {
    await open();
    await page.getByLabel('Procedure', { exact: true }).fill('com.demo.add');
    await page.getByLabel('Arguments', { exact: true }).fill('[2, 3]');
    await page.getByLabel('Keyword arguments').fill('c=10');
    await call().click();
    await browserPage.waitForText('[data-testid=outcome]', /^Result\s*com\.demo\.add/);
    await browserPage.waitForText('[data-testid=outcome] pre', /^15$/);
  });

  it('keeps every digit of an integer: in a row, in the details, in a call and its result', async () => {
    const fixture = await open();
    await fixture.device.register('com.demo.echo', ({ payload }) => result({ payload }));
    await fixture.publish('demo.big', [9007199254740993n]);
    await row('demo.big').waitFor();
    assert.equal(await valueIn('demo.big'), '9007199254740993');
    await row('demo.big').click();
    await browserPage.waitForText('.details pre', /^9007199254740993$/);
    await page.getByLabel('Procedure', { exact: true }).fill('com.demo.echo');
    await page.getByLabel('Arguments', { exact: true }).fill('{"id":1724442618569203714}');
    await call().click();
    await browserPage.waitForText('[data-testid=outcome] pre', /"id": 1724442618569203714\n/);
  });

  it('explains an error, and logs the call', async () => {
    await open();
    await page.getByLabel('Procedure', { exact: true }).fill('com.demo.fail');
    await call().click();
    const shown = await browserPage.waitForText('[data-testid=outcome]', /Error/);
    for (const part of ['com.demo.error.overheated', 'the motor is too hot', '"celsius": 91'])
      assert.ok(shown.includes(part));
    await page.getByLabel('Procedure', { exact: true }).fill('com.demo.missing');
    await call().click();
    await browserPage.waitForText(
      '[data-testid=outcome]',
      /wamp\.error\.no_such_procedure[\s\S]*No client offers this procedure/,
    );
    const earlier = page.locator('.calls-list details');
    assert.equal(await earlier.count(), 1);
    await earlier.locator('summary').click();
    await earlier.getByRole('button', { name: 'Use again' }).click();
    assert.equal(await page.getByLabel('Procedure', { exact: true }).inputValue(), 'com.demo.fail');
  });

  it('rejects invalid arguments while the user types them, and sends nothing', async () => {
    await open();
    await page.getByLabel('Procedure', { exact: true }).fill('com.demo.add');
    await page.getByLabel('Arguments', { exact: true }).fill('[1, 2');
    await browserPage.waitForText('.form-problem', /^Not valid JSON/);
    assert.equal(await call().isDisabled(), true);
  });

  it('works with the keyboard only', async () => {
    const fixture = await open();
    for (const topic of ['demo.a', 'demo.b']) await fixture.publish(topic, [1]);
    await row('demo.b').waitFor();
    await browserPage.tabTo('#filter');
    await page.keyboard.type('demo');
    await browserPage.tabTo('[role=grid]');
    await browserPage.assertFocusVisible();
    await page.keyboard.press('Home');
    await browserPage.waitForText('[aria-selected=true] .cell-topic', /^demo\.a$/);
    await page.keyboard.press('ArrowDown');
    await browserPage.waitForText('[aria-selected=true] .cell-topic', /^demo\.b$/);
    const active = (await page.getByRole('grid').getAttribute('aria-activedescendant')) ?? '';
    assert.equal(await page.locator(`#${active} .cell-topic`).textContent(), 'demo.b');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(focusedId), 'details-title');
    await browserPage.waitForText('#details-title', /^demo\.b$/);
    await browserPage.tabTo('#procedure');
    await browserPage.assertFocusVisible();
    await page.keyboard.type('com.demo.add');
    await page.keyboard.press('Tab');
    await page.keyboard.type('[1, 1]');
    await page.keyboard.press('Control+Enter');
    await browserPage.waitForText('[data-testid=outcome]', /^Result/);
    await browserPage.waitForText('[data-testid=outcome] pre', /^2$/);
  });

  it('freezes the values while paused', async () => {
    const fixture = await open();
    await page.getByRole('button', { name: 'Pause' }).click();
    await browserPage.waitForText('.topics-paused', /^Paused at \d\d:\d\d:\d\d$/);
    const held = await valueIn('demo.climate');
    const temperature = await page.evaluate(temperatureShown);
    // Wait for events that the page would show if it were not paused.
    await fixture.waitForEvents('demo.climate', 5);
    assert.equal(await valueIn('demo.climate'), held);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.waitForFunction(temperatureAbove, temperature + 4);
  });

  it('shows hostile names and values as text', async () => {
    const fixture = await open();
    const args = ['<script>alert(1)</script><img src=x onerror=alert(1)>'];
    for (const topic of ['<img/src=x/onerror=alert(1)>', '__proto__', 'constructor', 'bell\u0007\u202eevil']) {
      await fixture.publish(topic, args, JSON.parse('{"__proto__":{"x":1},"<b>key</b>":2}'));
    }
    for (const shown of ['<img/src=x/onerror=alert(1)>', '__proto__', 'constructor', 'bell␇\ufffdevil']) {
      await row(shown).click();
      assert.equal((await page.locator('#details-title').textContent())?.startsWith(shown), true);
      await page.locator('.details .payload').getByText('"<b>key</b>": 2').waitFor();
    }
    assert.equal(await page.locator('main img, main script, main b').count(), 0);
    assert.equal(await page.evaluate(() => 'x' in {}), false);
  });

  it('limits its renderings under 5,000 events per second, and counts every event', async () => {
    const { device } = await open();
    const renderings = await browserPage.countPaints('.topics-totals');
    const flood = 10_000;
    for (let sent = 0; sent < flood; sent += 100) {
      for (let n = 0; n < 100; n += 1) void device.publish('demo.flood', { args: [sent + n] });
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    await row('demo.flood').click();
    await browserPage.waitForText('.facts', /10,000/);
    const { paints, milliseconds } = await renderings();
    assert.ok(paints <= milliseconds / 200 + 2, `${paints} paints in ${milliseconds} ms`);
  });

  it('never scrolls horizontally on a phone of 360 pixels', async () => {
    const fixture = await open(phone);
    const long = `demo.${'very_long_part.'.repeat(12)}end`;
    await fixture.publish(long, [{ ['key'.repeat(40)]: 'x'.repeat(500), n: 1 }]);
    await row('end').tap();
    await page.getByLabel('Procedure', { exact: true }).fill(`com.${'x'.repeat(120)}`);
    await call().tap();
    await browserPage.waitForText('[data-testid=outcome]', /Error/);
    const [content, window] = await page.evaluate(widths);
    assert.ok(content <= window && window === 360, `${content} in ${window}`);
    for (const name of ['Pause', 'Clear', 'Call']) {
      const box = await page.getByRole('button', { name, exact: true }).boundingBox();
      assert.ok(box !== null && box.height >= 44 && box.x + box.width <= 360, `${name}: ${JSON.stringify(box)}`);
    }
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has enough contrast for every text in the ${colorScheme} scheme [WCAG 2.2: 1.4.3]`, async () => {
      await open({ ...desktop, colorScheme });
      await row('demo.climate').click();
      await page.getByLabel('Keyword arguments').fill('{');
      await browserPage.waitForText('.form-problem', /./);
      await page.getByLabel('Keyword arguments').fill('');
      for (const procedure of ['com.demo.fail', 'com.demo.add']) {
        await page.getByLabel('Procedure', { exact: true }).fill(procedure);
        await call().click();
        await browserPage.waitForText('[data-testid=outcome]', new RegExp(procedure));
      }
      await page.getByLabel('Keyword arguments').fill('{');
      const { checked, poor } = await page.evaluate(contrasts);
      assert.ok(checked > 40, `only ${checked} texts found`);
      assert.deepEqual(poor, []);
    });
  }
});

describe('console and gateway', () => {
  it('reconnects by itself after the gateway was stopped and started', async () => {
    await using fixture = await ConsoleFixture.start();
    await fixture.joinDevice();
    const browserPage = await fixture.openPage(desktop);
    await browserPage.waitUntilConnected();
    await browserPage.waitForText('.grid-body .cell-topic', /demo\.climate/);
    await fixture.disconnectDevice();
    const startAgain = await fixture.stopGateway();
    await browserPage.waitForText('[data-testid=connection] strong', /^Reconnecting/);
    await browserPage.waitForText('[data-testid=notice]', /^Connection lost at \d\d:\d\d:\d\d: .*shutting down/);
    await browserPage.waitForText('.grid-body .cell-topic', /demo\.climate/);
    assert.equal(await browserPage.page.getByRole('button', { name: 'Call', exact: true }).isDisabled(), true);
    await startAgain();
    await browserPage.waitUntilConnected();
    await browserPage.waitForText('[data-testid=notice]', /^Connected again after \d+ (ms|s)/);
    const before = await browserPage.page.evaluate(temperatureShown);
    await fixture.joinDevice();
    await browserPage.page.waitForFunction(temperatureAbove, before);
    // The browser reports the failed connection attempts as errors. It must report no other error.
    const unexpected = browserPage.problems.filter(text => !/WebSocket connection to .* failed/.test(text));
    assert.deepEqual(unexpected, []);
    assert.deepEqual(browserPage.foreign, []);
  });

  it('shows how to publish a first value while there are no topics', async () => {
    await using fixture = await ConsoleFixture.start();
    const browserPage = await fixture.openPage(phone);
    await browserPage.waitUntilConnected();
    const text = await browserPage.waitForText('[data-testid=empty]', /mosquitto_pub -h 127\.0\.0\.1 /);
    assert.ok(text.includes(`wampway pub --url ${fixture.gateway.url} `));
    assert.deepEqual(browserPage.problems, []);
  });

  it('explains why it is rejected if the realm does not exist', async () => {
    await using fixture = await ConsoleFixture.start();
    const browserPage = await fixture.openPage(desktop, '?realm=elsewhere');
    await browserPage.waitForText('[data-testid=notice]', /^The gateway refuses this page: .*elsewhere/);
  });
});
