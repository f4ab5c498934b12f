import type { Clock, Timer } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Invocation } from '../../src/client/api/session-api.ts';
import { ClientSession } from '../../src/client/session/client-session.ts';
import type { Link } from '../../src/link/link.ts';
import { ErrorUri, WampError } from '../../src/wamp/errors.ts';

const INTERVAL = 1000;
const RECONNECT = 2000;

export interface SimulatedMeterOptions {
  readonly name: string;
  readonly realm: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dial: () => Promise<Link>;
}

/**
 * A power meter with an LED. It publishes `power.voltage` (volts) and `power.current` (amperes) each second, and
 * registers `led.set` (true or false; returns the same) and `reboot` (returns its uptime in seconds). It reconnects
 * after a lost connection.
 */
export class SimulatedMeter {
  readonly #options: SimulatedMeterOptions;
  #session: ClientSession | undefined;
  #timer: Timer | undefined;
  #stopped = false;
  #bootedAt: number;

  constructor(options: SimulatedMeterOptions) {
    this.#options = options;
    this.#bootedAt = options.clock.monotonic();
  }

  /** Resolves when connected. If the first attempt fails, it rejects and does not retry. */
  async start(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#session?.leave();
  }

  async #connect(): Promise<void> {
    const { name, realm, clock, log, dial } = this.#options;
    const session = await ClientSession.join(await dial(), { realm, authid: name, clock, log });
    if (this.#stopped) {
      await session.leave();
      return;
    }
    this.#session = session;
    void session.closed.then(() => this.#again());
    await session.register('led.set', setLed);
    await session.register('reboot', () => this.#reboot());
    this.#measure();
  }

  #again(): void {
    this.#timer?.cancel();
    this.#session = undefined;
    if (this.#stopped) return;
    const { clock, log } = this.#options;
    this.#timer = clock.after(RECONNECT, () => {
      this.#connect().catch((error: unknown) => {
        log.debug({ err: error }, 'simulated meter could not connect; retrying');
        // If the session exists but does not work, its end starts the next attempt.
        if (this.#session === undefined) this.#again();
        else void this.#session.leave();
      });
    });
  }

  #measure(): void {
    const session = this.#session;
    if (session === undefined) return;
    const seconds = this.#options.clock.now() / 1000;
    const voltage = 230 + 2 * Math.sin(seconds / 47) + 0.4 * Math.sin(seconds * 1.3);
    const current = 3.2 + 1.8 * Math.sin(seconds / 31) + 0.1 * Math.sin(seconds * 2.1);
    for (const [topic, value] of [
      ['power.voltage', Math.round(voltage * 10) / 10],
      ['power.current', Math.round(current * 100) / 100],
    ] as const) {
      // Fails only if the session is over; its end starts the next attempt.
      session.publish(topic, { args: [value] }).catch(() => {});
    }
    this.#timer = this.#options.clock.after(INTERVAL, () => this.#measure());
  }

  #reboot(): number {
    const now = this.#options.clock.monotonic();
    const up = Math.floor((now - this.#bootedAt) / 1000);
    this.#bootedAt = now;
    return up;
  }
}

function setLed({ args }: Invocation): boolean {
  const [on] = args;
  if (typeof on !== 'boolean') throw new WampError(ErrorUri.InvalidArgument, ['led.set takes true or false']);
  return on;
}
