import type { Browser, BrowserContextOptions } from 'playwright-core';
import { ClientSession } from '../../../src/client/session/client-session.ts';
import { jsonCodec } from '../../../src/codec/json/json-codec.ts';
import { dial } from '../../../src/transport/dial.ts';
import { WampError } from '../../../src/wamp/errors.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { GatewayProcess } from '../../support/gateway-process.ts';
import { BrowserPage } from './browser-page.ts';
import { launchChromium } from './chromium.ts';

/** A gateway process, a WAMP client that acts as a device, and a browser. */
export class ConsoleFixture implements AsyncDisposable {
  #gateway: GatewayProcess;
  readonly #browser: Browser;
  #device: ClientSession | undefined;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  private constructor(gateway: GatewayProcess, browser: Browser) {
    this.#gateway = gateway;
    this.#browser = browser;
  }

  static async start(): Promise<ConsoleFixture> {
    const browser = await launchChromium();
    try {
      return new ConsoleFixture(await GatewayProcess.start(), browser);
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  get gateway(): GatewayProcess {
    return this.#gateway;
  }

  /** The session of the device. */
  get device(): ClientSession {
    if (this.#device === undefined) throw new Error('the device has not joined');
    return this.#device;
  }

  /** Joins the device. It registers two procedures, and ten times per second publishes a temperature that rises by one. */
  async joinDevice(): Promise<void> {
    const device = await join(this.#gateway);
    this.#device = device;
    await device.register(
      'com.demo.add',
      ({ args: [a, b], kwargs }) => Number(a) + Number(b) + Number(kwargs['c'] ?? 0),
    );
    await device.register('com.demo.fail', () => {
      throw new WampError(asUri('com.demo.error.overheated'), ['the motor is too hot'], { celsius: 91 });
    });
    this.#timer = setInterval(() => {
      this.#count += 1;
      const kwargs = { temperature: 20 + this.#count, fan: this.#count % 20 < 10 };
      void device.publish('demo.climate', { kwargs });
    }, 100);
  }

  async disconnectDevice(): Promise<void> {
    clearInterval(this.#timer);
    await this.#device?.leave();
    this.#device = undefined;
  }

  /** Publishes an event from the device, and resolves when the gateway has acknowledged it. */
  async publish(
    topic: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await this.device.publish(topic, { args, kwargs, acknowledge: true });
  }

  /** Waits until a subscriber has received `count` more events of `topic`. */
  async waitForEvents(topic: string, count: number): Promise<void> {
    const session = await join(this.#gateway);
    await new Promise<void>((resolve, reject) => {
      let left = count;
      const onEvent = (): void => {
        left -= 1;
        if (left === 0) resolve();
      };
      session.subscribe(topic, onEvent).catch(reject);
    });
    await session.leave();
  }

  /** Stops the gateway. The returned function starts a new one on the same ports. */
  async stopGateway(): Promise<() => Promise<void>> {
    const { ports } = this.#gateway;
    await this.#gateway.stop();
    return async () => {
      this.#gateway = await GatewayProcess.start('', {}, ports);
    };
  }

  openPage(options: BrowserContextOptions, query = ''): Promise<BrowserPage> {
    return BrowserPage.open(this.#browser, `http://127.0.0.1:${this.#gateway.ports.web}/${query}`, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.disconnectDevice();
    await this.#gateway.stop();
  }
}

async function join(gateway: GatewayProcess): Promise<ClientSession> {
  return ClientSession.join(await dial(gateway.url, { codec: jsonCodec }), { realm: 'realm1' });
}
