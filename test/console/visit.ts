import assert from 'node:assert/strict';
import type { Browser, BrowserContext, BrowserContextOptions, Page, Response } from 'playwright-core';
import { countPaints, focusIsVisible, isFocused, lineIsDrawn, paintsCounted } from './probes.ts';

const TIMEOUT = 15_000;

/** One browser on the page, with all that it complains of and all that it asks for. */
export class Visit {
  readonly page: Page;
  /** Console errors and warnings, uncaught exceptions, dialogs, violations of the policy. */
  readonly problems: string[] = [];
  /** Requests that left the page's origin. */
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

  static async open(browser: Browser, url: string, options: BrowserContextOptions): Promise<Visit> {
    const context = await browser.newContext(options);
    const visit = new Visit(context, await context.newPage(), new URL(url).origin);
    visit.#response = await visit.page.goto(url);
    return visit;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#response?.headers() ?? {};
  }

  close(): Promise<void> {
    return this.#context.close();
  }

  /** Waits until the page says that it is connected. */
  async connected(): Promise<void> {
    await this.shows('[data-testid=connection] strong', /^Connected$/);
  }

  /** Waits until the first element of `selector` shows a text like `pattern`, and returns the text. */
  async shows(selector: string, pattern: RegExp): Promise<string> {
    const element = this.page.locator(selector).first();
    const deadline = Date.now() + TIMEOUT;
    let text: string | undefined;
    while (Date.now() < deadline) {
      text = (await element.isVisible()) ? ((await element.textContent()) ?? '').trim() : undefined;
      if (text !== undefined && pattern.test(text)) return text;
      await new Promise(again => setTimeout(again, 25));
    }
    throw new Error(`${selector} shows ${JSON.stringify(text)}, not ${pattern}`);
  }

  /** Presses Tab until the element of `selector` has the focus. */
  async tabTo(selector: string): Promise<void> {
    for (let presses = 0; presses < 40; presses += 1) {
      await this.page.keyboard.press('Tab');
      if (await this.page.evaluate(isFocused, selector)) return;
    }
    assert.fail(`40 times Tab did not lead to ${selector}`);
  }

  /** Fails unless whatever has the focus can be told by its outline. */
  async seesFocus(): Promise<void> {
    assert.ok(await this.page.evaluate(focusIsVisible), 'the focus cannot be seen');
  }

  /** Waits until the chart has drawn its line. */
  async paintsLine(): Promise<void> {
    await this.page.waitForFunction(lineIsDrawn);
  }

  /** Counts how often an element's text is drawn anew, until the function it resolves with is called. */
  async countPaints(selector: string): Promise<() => Promise<{ paints: number; milliseconds: number }>> {
    const counter = await this.page.evaluateHandle(countPaints, selector);
    return () => counter.evaluate(paintsCounted);
  }

  #checkOrigin(url: string, origin: string): void {
    if (!url.startsWith('data:') && new URL(url).origin !== origin) this.foreign.push(url);
  }
}
