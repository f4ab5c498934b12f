import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { result } from '../../src/client/roles/result.ts';
import { contrasts, focusedId, temperatureAbove, temperatureShown, widths } from '../console/probes.ts';
import { Scene } from '../console/scene.ts';
import type { Visit } from '../console/visit.ts';

const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
const phone: BrowserContextOptions = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

describe('the page in Chromium', () => {
  let scene: Scene | undefined;
  let visit: Visit;
  let page: Page;

  const open = async (options: BrowserContextOptions = desktop): Promise<Scene> => {
    assert.ok(scene !== undefined);
    visit = await scene.visit(options);
    page = visit.page;
    await visit.connected();
    // Events come in.
    await row('demo.climate').waitFor();
    return scene;
  };
  const row = (topic: string) =>
    page.locator('.grid-body .row').filter({ has: page.locator('.cell-topic', { hasText: topic }) });
  const valueIn = (topic: string) => row(topic).locator('.cell-value').textContent();
  const call = () => page.getByRole('button', { name: 'Call', exact: true });

  before(async () => {
    scene = await Scene.set();
    await scene.deviceJoins();
  });
  after(() => scene?.[Symbol.asyncDispose]());
  afterEach(async () => {
    const { problems, foreign } = visit;
    await visit.close();
    assert.deepEqual(problems, [], 'the browser complained');
    assert.deepEqual(foreign, [], 'the page asked another host');
  });

  it('is served under a policy that allows nothing from elsewhere and nothing inline', async () => {
    await open();
    const policy = visit.headers['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(await page.title(), 'wampway');
  });

  it('shows values that move', async () => {
    await open();
    assert.match((await valueIn('demo.climate')) ?? '', /^temperature \d+ · fan (true|false)$/);
    await page.waitForFunction(temperatureAbove, await page.evaluate(temperatureShown));
    await visit.shows('.grid-body .cell-rate', /^\d+(\.\d)?\/s$/);
    await visit.shows('.grid-body .cell-age', /^now$/);
  });

  it('draws the chart of a number, and of a switch', async () => {
    await open();
    await page.locator('canvas').waitFor();
    await visit.paintsLine();
    await visit.shows('#details-title', /^demo\.climate › temperature$/);
    await page.getByRole('radio', { name: /fan/ }).check({ force: true });
    await visit.shows('#details-title', /^demo\.climate › fan$/);
    await visit.paintsLine();
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
    await visit.shows('[data-testid=outcome]', /^Result\s*com\.demo\.add/);
    await visit.shows('[data-testid=outcome] pre', /^15$/);
  });

  it('keeps every digit of an integer: in a row, in the details, in a call and its result', async () => {
    const seen = await open();
    await seen.device.register('com.demo.echo', ({ payload }) => result({ payload }));
    await seen.publishes('demo.big', [9007199254740993n]);
    await row('demo.big').waitFor();
    assert.equal(await valueIn('demo.big'), '9007199254740993');
    await row('demo.big').click();
    await visit.shows('.details pre', /^9007199254740993$/);
    await page.getByLabel('Procedure', { exact: true }).fill('com.demo.echo');
    await page.getByLabel('Arguments', { exact: true }).fill('{"id":1724442618569203714}');
    await call().click();
    await visit.shows('[data-testid=outcome] pre', /"id": 1724442618569203714\n/);
  });

  it('shows an error so that one understands it, and remembers the call', async () => {
    await open();
    await page.getByLabel('Procedure', { exact: true }).fill('com.demo.fail');
    await call().click();
    const shown = await visit.shows('[data-testid=outcome]', /Error/);
    for (const part of ['com.demo.error.overheated', 'the motor is too hot', '"celsius": 91'])
      assert.ok(shown.includes(part));
    await page.getByLabel('Procedure', { exact: true }).fill('com.demo.missing');
    await call().click();
    await visit.shows('[data-testid=outcome]', /wamp\.error\.no_such_procedure[\s\S]*Nobody offers this procedure/);
    const earlier = page.locator('.calls-list details');
    assert.equal(await earlier.count(), 1);
    await earlier.locator('summary').click();
    await earlier.getByRole('button', { name: 'Use again' }).click();
    assert.equal(await page.getByLabel('Procedure', { exact: true }).inputValue(), 'com.demo.fail');
  });

  it('says what is wrong with the arguments while they are written, and sends nothing', async () => {
    await open();
    await page.getByLabel('Procedure', { exact: true }).fill('com.demo.add');
    await page.getByLabel('Arguments', { exact: true }).fill('[1, 2');
    await visit.shows('.form-problem', /^Not valid JSON/);
    assert.equal(await call().isDisabled(), true);
  });

  it('is used with the keyboard alone', async () => {
    const seen = await open();
    for (const topic of ['demo.a', 'demo.b']) await seen.publishes(topic, [1]);
    await row('demo.b').waitFor();
    await visit.tabTo('#filter');
    await page.keyboard.type('demo');
    await visit.tabTo('[role=grid]');
    await visit.seesFocus();
    await page.keyboard.press('Home');
    await visit.shows('[aria-selected=true] .cell-topic', /^demo\.a$/);
    await page.keyboard.press('ArrowDown');
    await visit.shows('[aria-selected=true] .cell-topic', /^demo\.b$/);
    const active = (await page.getByRole('grid').getAttribute('aria-activedescendant')) ?? '';
    assert.equal(await page.locator(`#${active} .cell-topic`).textContent(), 'demo.b');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(focusedId), 'details-title');
    await visit.shows('#details-title', /^demo\.b$/);
    await visit.tabTo('#procedure');
    await visit.seesFocus();
    await page.keyboard.type('com.demo.add');
    await page.keyboard.press('Tab');
    await page.keyboard.type('[1, 1]');
    await page.keyboard.press('Control+Enter');
    await visit.shows('[data-testid=outcome]', /^Result/);
    await visit.shows('[data-testid=outcome] pre', /^2$/);
  });

  it('stands still while paused', async () => {
    const seen = await open();
    await page.getByRole('button', { name: 'Pause' }).click();
    await visit.shows('.topics-paused', /^Paused at \d\d:\d\d:\d\d$/);
    const held = await valueIn('demo.climate');
    const temperature = await page.evaluate(temperatureShown);
    // Not a wait for time to pass, but for events that the paused page would have shown.
    await seen.eventsPass('demo.climate', 5);
    assert.equal(await valueIn('demo.climate'), held);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.waitForFunction(temperatureAbove, temperature + 4);
  });

  it('takes hostile names and values for text', async () => {
    const seen = await open();
    const args = ['<script>alert(1)</script><img src=x onerror=alert(1)>'];
    for (const topic of ['<img/src=x/onerror=alert(1)>', '__proto__', 'constructor', 'bell\u0007\u202eevil']) {
      await seen.publishes(topic, args, JSON.parse('{"__proto__":{"x":1},"<b>key</b>":2}'));
    }
    for (const shown of ['<img/src=x/onerror=alert(1)>', '__proto__', 'constructor', 'bell␇\ufffdevil']) {
      await row(shown).click();
      assert.equal((await page.locator('#details-title').textContent())?.startsWith(shown), true);
      await page.locator('.details .payload').getByText('"<b>key</b>": 2').waitFor();
    }
    assert.equal(await page.locator('main img, main script, main b').count(), 0);
    assert.equal(await page.evaluate(() => 'x' in {}), false);
  });

  it('stays quick under 5,000 events a second, and counts every one of them', async () => {
    const { device } = await open();
    const drawn = await visit.countPaints('.topics-totals');
    const flood = 10_000;
    for (let sent = 0; sent < flood; sent += 100) {
      for (let n = 0; n < 100; n += 1) void device.publish('demo.flood', { args: [sent + n] });
      await new Promise(next => setTimeout(next, 20));
    }
    await row('demo.flood').click();
    await visit.shows('.facts', /10,000/);
    const { paints, milliseconds } = await drawn();
    assert.ok(paints <= milliseconds / 200 + 2, `${paints} paints in ${milliseconds} ms`);
  });

  it('has no horizontal scroll on a phone of 360 pixels, whatever is shown', async () => {
    const seen = await open(phone);
    const long = `demo.${'very_long_part.'.repeat(12)}end`;
    await seen.publishes(long, [{ ['key'.repeat(40)]: 'x'.repeat(500), n: 1 }]);
    await row('end').tap();
    await page.getByLabel('Procedure', { exact: true }).fill(`com.${'x'.repeat(120)}`);
    await call().tap();
    await visit.shows('[data-testid=outcome]', /Error/);
    const [content, window] = await page.evaluate(widths);
    assert.ok(content <= window && window === 360, `${content} in ${window}`);
    for (const name of ['Pause', 'Clear', 'Call']) {
      const box = await page.getByRole('button', { name, exact: true }).boundingBox();
      assert.ok(box !== null && box.height >= 44 && box.x + box.width <= 360, `${name}: ${JSON.stringify(box)}`);
    }
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has enough contrast for every text, ${colorScheme} [WCAG 2.2: 1.4.3]`, async () => {
      await open({ ...desktop, colorScheme });
      await row('demo.climate').click();
      await page.getByLabel('Keyword arguments').fill('{');
      await visit.shows('.form-problem', /./);
      await page.getByLabel('Keyword arguments').fill('');
      for (const procedure of ['com.demo.fail', 'com.demo.add']) {
        await page.getByLabel('Procedure', { exact: true }).fill(procedure);
        await call().click();
        await visit.shows('[data-testid=outcome]', new RegExp(procedure));
      }
      await page.getByLabel('Keyword arguments').fill('{');
      const { checked, poor } = await page.evaluate(contrasts);
      assert.ok(checked > 40, `only ${checked} texts found`);
      assert.deepEqual(poor, []);
    });
  }
});

describe('the page and the gateway', () => {
  it('says that it waits when the gateway stops, comes back by itself, and goes on', async () => {
    await using scene = await Scene.set();
    await scene.deviceJoins();
    const visit = await scene.visit(desktop);
    await visit.connected();
    await visit.shows('.grid-body .cell-topic', /demo\.climate/);
    await scene.deviceLeaves();
    const startAgain = await scene.gatewayStops();
    await visit.shows('[data-testid=connection] strong', /^Reconnecting/);
    await visit.shows('[data-testid=notice]', /^Connection lost at \d\d:\d\d:\d\d: .*shutting down/);
    await visit.shows('.grid-body .cell-topic', /demo\.climate/);
    assert.equal(await visit.page.getByRole('button', { name: 'Call', exact: true }).isDisabled(), true);
    await startAgain();
    await visit.connected();
    await visit.shows('[data-testid=notice]', /^Connected again after \d+ (ms|s)/);
    const before = await visit.page.evaluate(temperatureShown);
    await scene.deviceJoins();
    await visit.page.waitForFunction(temperatureAbove, before);
    // Attempts while nobody listened are errors to the browser; nothing else may be.
    const unexpected = visit.problems.filter(text => !/WebSocket connection to .* failed/.test(text));
    assert.deepEqual(unexpected, []);
    assert.deepEqual(visit.foreign, []);
  });

  it('tells how to publish a first value while there is none', async () => {
    await using scene = await Scene.set();
    const visit = await scene.visit(phone);
    await visit.connected();
    const text = await visit.shows('[data-testid=empty]', /mosquitto_pub -h 127\.0\.0\.1 /);
    assert.ok(text.includes(`wampway pub --url ${scene.gateway.url} `));
    assert.deepEqual(visit.problems, []);
  });

  it('says why it is refused where the realm does not exist', async () => {
    await using scene = await Scene.set();
    const visit = await scene.visit(desktop, '?realm=elsewhere');
    await visit.shows('[data-testid=notice]', /^The gateway refuses this page: .*elsewhere/);
  });
});
