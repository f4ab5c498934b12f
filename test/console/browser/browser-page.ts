import assert from 'node:assert/strict';
import type { Browser, BrowserContext, BrowserContextOptions, Page, Response } from 'playwright-core';
import { countPaints, focusIsVisible, isFocused, lineIsDrawn, paintsCounted } from './probes.ts';

const TIMEOUT = 15_000;

/** The console in a browser. Records the problems that the browser reports, and the requests to other origins. */
export class BrowserPage {
  readonly page: Page;
  /** Console errors and warnings, uncaught exceptions, dialogs, and violations of the Content-Security-Policy. */
  readonly problems: string[] = [];
  /** URLs of requests to other origins. */
  readonly foreign: string[] = [];
  readonly #context: BrowserContext;
  #response: Response | null = null;

  private constructor(context: BrowserContext, page: Page, origin: string) {
    this.#context = context;
    this.page = page;
    page.setDefaultTimeout(TIMEOUT);
    page.on('console', message => {
      if (['error', 'warning'].includes(message.type())) this.problems.push(message.text());
    });
    page.on('pageerror', error => this.problems.push(String(error)));
    page.on('dialog', dialog => {
      this.problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', request => this.#checkOrigin(request.url(), origin));
    page.on('websocket', socket => this.#checkOrigin(socket.url().replace(/^ws/, 'http'), origin));
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions): Promise<BrowserPage> {
    const context = await browser.newContext(options);
    const browserPage = new BrowserPage(context, await context.newPage(), new URL(url).origin);
    browserPage.#response = await browserPage.page.goto(url);
    return browserPage;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#response?.headers() ?? {};
  }

  close(): Promise<void> {
    return this.#context.close();
  }

  /** Waits until the page shows that it is connected. */
  async waitUntilConnected(): Promise<void> {
    await this.waitForText('[data-testid=connection] strong', /^Connected$/);
  }

  /** Waits until the text of the first element of `selector` matches `pattern`, and returns the text. */
  async waitForText(selector: string, pattern: RegExp): Promise<string> {
    const element = this.page.locator(selector).first();
    const deadline = Date.now() + TIMEOUT;
    let text: string | undefined;
    while (Date.now() < deadline) {
      text = (await element.isVisible()) ? ((await element.textContent()) ?? '').trim() : undefined;
      if (text !== undefined && pattern.test(text)) return text;
      await new Promise(resolve => setTimeout(resolve, 25));
    }
    throw new Error(`${selector}: expected a text like ${pattern}, received ${JSON.stringify(text)}`);
  }

  /** Presses Tab until the element of `selector` has the focus. */
  async tabTo(selector: string): Promise<void> {
    for (let presses = 0; presses < 40; presses += 1) {
      await this.page.keyboard.press('Tab');
      if (await this.page.evaluate(isFocused, selector)) return;
    }
    assert.fail(`${selector} did not get the focus after 40 presses of Tab`);
  }

  /** Fails unless the focused element has a visible outline. */
  async assertFocusVisible(): Promise<void> {
    assert.ok(await this.page.evaluate(focusIsVisible), 'the focused element has no outline');
  }

  /** Waits until the chart has drawn its line. */
  async waitForChartLine(): Promise<void> {
    await this.page.waitForFunction(lineIsDrawn);
  }

  /** Counts how often the text of an element changes, until the returned function is called. */
  async countPaints(selector: string): Promise<() => Promise<{ paints: number; milliseconds: number }>> {
    const counter = await this.page.evaluateHandle(countPaints, selector);
    return () => counter.evaluate(paintsCounted);
  }

  #checkOrigin(url: string, origin: string): void {
    if (!url.startsWith('data:') && new URL(url).origin !== origin) this.foreign.push(url);
  }
}
