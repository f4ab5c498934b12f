import { MessageType } from '../src/wamp/messages/message-type.ts';
import { Latencies } from './latencies.ts';
import type { List } from './list-format.ts';
import { listFormats } from './list-format.ts';
import { type Load, Round, type Tally } from './load.ts';
import { LoadSession } from './load-session.ts';
import type { MeasuredRouter } from './measured-router.ts';
import { frameOf, type WireName } from './wire-format.ts';

export interface PacedLoadOptions {
  readonly wire: WireName;
  readonly publishers: number;
  /** Events per second of all publishers together. */
  readonly rate: number;
  readonly payload: List;
  /** The number of events that a publisher sends at once. Default 1. */
  readonly burst?: number;
}

/** A publisher, and the send times of its outstanding events. They arrive in order. */
class Source {
  readonly #session: LoadSession;
  readonly #frames: Buffer;
  readonly #burst: number;
  readonly #sentAt: number[] = [];
  #first = 0;

  constructor(session: LoadSession, frame: Buffer, burst: number) {
    this.#session = session;
    this.#frames = Buffer.concat(Array.from({ length: burst }, () => frame));
    this.#burst = burst;
  }

  publish(): void {
    const now = performance.now();
    for (let i = 0; i < this.#burst; i++) this.#sentAt.push(now);
    this.#session.write(this.#frames);
  }

  /** The send time of the oldest outstanding event. Undefined if none is outstanding. */
  arrived(): number | undefined {
    const at = this.#sentAt[this.#first];
    if (at !== undefined && ++this.#first === this.#sentAt.length) {
      this.#sentAt.length = 0;
      this.#first = 0;
    }
    return at;
  }
}

/** Publishers with one topic each, which publish in turn at a steady rate, and one subscriber to all topics. */
export class PacedLoad implements Load {
  readonly #options: PacedLoadOptions;
  readonly #sessions: LoadSession[] = [];
  readonly #sources: Source[] = [];
  readonly #bySubscription = new Map<number, Source>();
  #sent = 0;
  #received = 0;
  #wrong = 0;
  #latencies = new Latencies();

  private constructor(options: PacedLoadOptions) {
    this.#options = options;
  }

  static async open(router: MeasuredRouter, options: PacedLoadOptions): Promise<PacedLoad> {
    const load = new PacedLoad(options);
    const { wire, publishers, payload } = options;
    const subscriber = await LoadSession.join(wire, router);
    load.#sessions.push(subscriber);
    for (let i = 0; i < publishers; i++) {
      const topic = `com.example.plant7.line${i}.temperature`;
      const [, , subscription] = await subscriber.request(
        [MessageType.Subscribe, i + 1, {}, topic],
        MessageType.Subscribed,
      );
      const publisher = await LoadSession.join(wire, router);
      load.#sessions.push(publisher);
      const message = listFormats[wire.serializer].write([MessageType.Publish, 1, {}, topic, ...payload]);
      const source = new Source(publisher, frameOf(wire, message), options.burst ?? 1);
      load.#sources.push(source);
      load.#bySubscription.set(Number(subscription), source);
    }
    subscriber.listen({ message: (code, id) => load.#arrived(code, id), chunkEnd: () => {} });
    return load;
  }

  run(milliseconds: number): Promise<Tally> {
    const { rate, burst = 1 } = this.#options;
    const [sent, received, wrong] = [this.#sent, this.#received, this.#wrong];
    this.#latencies = new Latencies();
    const begun = performance.now();
    return new Promise(resolve => {
      let pace: NodeJS.Timeout | undefined;
      const round = new Round(
        milliseconds,
        () => this.#received,
        () => {
          clearInterval(pace);
          const done = this.#received - received;
          const lost = Math.abs(this.#sent - sent - done) + this.#wrong - wrong;
          resolve({ done, seconds: milliseconds / 1000, lost, latency: this.#latencies.figures() });
        },
      );
      pace = setInterval(() => {
        const due = (Math.min(performance.now() - begun, milliseconds) / 1000) * rate;
        while (this.#sent - sent < due) {
          this.#sources[(this.#sent / burst) % this.#sources.length]?.publish();
          this.#sent += burst;
        }
        if (!round.open && this.#received - received === this.#sent - sent) round.finish();
      }, 1);
    });
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }

  #arrived(code: number, subscription: number): void {
    const sentAt = code === MessageType.Event ? this.#bySubscription.get(subscription)?.arrived() : undefined;
    if (sentAt === undefined) {
      this.#wrong++;
      return;
    }
    this.#received++;
    this.#latencies.add(performance.now() - sentAt);
  }
}
