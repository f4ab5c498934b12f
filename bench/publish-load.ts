import { MessageType } from '../src/wamp/messages/message-type.ts';
import type { List } from './list-format.ts';
import { listFormats } from './list-format.ts';
import { type Load, Round, type Tally } from './load.ts';
import { endsIn, type LoadListener, LoadSession, type Pattern } from './load-session.ts';
import type { MeasuredRouter } from './measured-router.ts';
import { frameOf, type WireName } from './wire-format.ts';

/** A session and its subscriptions. */
export interface Subscriber {
  readonly wire: WireName;
  readonly patterns: readonly Pattern[];
}

export interface PublishLoadOptions {
  readonly publisher: WireName;
  /** The topics, published to in turn. */
  readonly topics: readonly string[];
  /** Sessions that receive every event once. */
  readonly subscribers: readonly Subscriber[];
  /** Sessions that receive no event. */
  readonly bystanders?: readonly Subscriber[];
  /** Arguments and, if present, keyword arguments. */
  readonly payload: List;
  /** The most events that may be outstanding. */
  readonly window: number;
}

/** One publisher, and sessions that subscribe to its topics. No event within the window may be lost. */
export class PublishLoad implements Load {
  readonly #options: PublishLoadOptions;
  readonly #receivers: number;
  readonly #sessions: LoadSession[] = [];
  readonly #batches: readonly Buffer[];
  readonly #batchSize: number;
  #nextBatch = 0;
  #publisher: LoadSession | undefined;
  #published = 0;
  #received = 0;
  #wrong = 0;
  #round: Round | undefined;

  private constructor(options: PublishLoadOptions) {
    const { publisher, topics, payload, window } = options;
    this.#options = options;
    this.#receivers = options.subscribers.length;
    this.#batchSize = Math.max(1, Math.floor(window / 4));
    const { write } = listFormats[publisher.serializer];
    const frames = topics.map(topic => frameOf(publisher, write([MessageType.Publish, 1, {}, topic, ...payload])));
    const count = Math.ceil(frames.length / this.#batchSize);
    this.#batches = Array.from({ length: count }, (_, batch) =>
      Buffer.concat(
        Array.from(
          { length: this.#batchSize },
          (_, i) => frames[(batch * this.#batchSize + i) % frames.length] ?? EMPTY,
        ),
      ),
    );
  }

  static async open(router: MeasuredRouter, options: PublishLoadOptions): Promise<PublishLoad> {
    const load = new PublishLoad(options);
    for (const { wire, patterns } of options.bystanders ?? []) {
      const session = await LoadSession.join(wire, router);
      load.#sessions.push(session);
      await session.subscribe(patterns);
      session.listen({ message: () => load.#wrong++, chunkEnd: () => {} });
    }
    for (const { wire, patterns } of options.subscribers) {
      const session = await LoadSession.join(wire, router);
      load.#sessions.push(session);
      await session.subscribe(patterns);
      session.listen(load.#subscriber(wire));
    }
    load.#publisher = await LoadSession.join(options.publisher, router);
    load.#sessions.push(load.#publisher);
    return load;
  }

  run(milliseconds: number): Promise<Tally> {
    const published = this.#published;
    const received = this.#received;
    const wrong = this.#wrong;
    return new Promise(resolve => {
      this.#round = new Round(
        milliseconds,
        () => this.#received,
        seconds => {
          this.#round = undefined;
          const done = this.#received - received;
          const missing = Math.abs((this.#published - published) * this.#receivers - done);
          resolve({ done, seconds, lost: missing + this.#wrong - wrong });
        },
      );
      this.#pump();
    });
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Publishes until the window is full. */
  #pump(): void {
    const { window } = this.#options;
    const receivers = this.#receivers;
    const round = this.#round;
    if (round === undefined) return;
    let waiting = this.#published * receivers - this.#received;
    while (waiting <= (window - this.#batchSize) * receivers && round.open) {
      this.#publisher?.write(this.#batches[this.#nextBatch++ % this.#batches.length] ?? EMPTY);
      this.#published += this.#batchSize;
      waiting += this.#batchSize * receivers;
    }
    if (waiting === 0) round.finish();
  }

  #subscriber(wire: WireName): LoadListener {
    const { payload } = this.#options;
    let checked = 0;
    return {
      message: (code, _id, bytes, start, end) => {
        if (code === MessageType.Event) this.#received++;
        else this.#wrong++;
        // Compares the first event, and then one in some thousands, completely.
        if (checked++ % 5000 === 0 && !endsIn(wire, bytes, start, end, payload)) this.#wrong++;
      },
      chunkEnd: () => this.#pump(),
    };
  }
}

const EMPTY = Buffer.alloc(0);
