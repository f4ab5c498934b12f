import { MessageType } from '../../src/wamp/message-type.ts';
import type { List } from './list-format.ts';
import { listFormats } from './list-format.ts';
import { type Load, Round, type Tally } from './load.ts';
import { endsIn, type LoadListener, LoadSession } from './load-session.ts';
import type { RouterProcess } from './router-process.ts';
import { frameOf, type WireName } from './wire-format.ts';

export interface PublishLoadOptions {
  readonly publisher: WireName;
  readonly subscriber: WireName;
  readonly subscribers: number;
  /** Arguments, and keyword arguments where there are any. */
  readonly payload: List;
  /** Events that may be on their way at one time. */
  readonly window: number;
}

const TOPIC = 'com.example.plant7.line2.temperature';

/** One publisher, and sessions that all subscribe to its topic. Nothing is lost that the window lets through. */
export class PublishLoad implements Load {
  readonly #options: PublishLoadOptions;
  readonly #sessions: LoadSession[] = [];
  readonly #batch: Buffer;
  readonly #batchSize: number;
  #publisher: LoadSession | undefined;
  #published = 0;
  #received = 0;
  #wrong = 0;
  #round: Round | undefined;

  private constructor(options: PublishLoadOptions) {
    const { publisher, payload, window } = options;
    this.#options = options;
    this.#batchSize = Math.max(1, Math.floor(window / 4));
    const list = [MessageType.Publish, 1, {}, TOPIC, ...payload];
    const frame = frameOf(publisher, listFormats[publisher.serializer].write(list));
    this.#batch = Buffer.concat(Array.from({ length: this.#batchSize }, () => frame));
  }

  static async open(router: RouterProcess, options: PublishLoadOptions): Promise<PublishLoad> {
    const load = new PublishLoad(options);
    for (let i = 0; i < options.subscribers; i++) {
      const session = await LoadSession.join(options.subscriber, router);
      load.#sessions.push(session);
      await session.request([MessageType.Subscribe, 1, {}, TOPIC], MessageType.Subscribed);
      session.listen(load.#subscriber());
    }
    load.#publisher = await LoadSession.join(options.publisher, router);
    load.#sessions.push(load.#publisher);
    return load;
  }

  run(milliseconds: number): Promise<Tally> {
    const { subscribers } = this.#options;
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
          const missing = Math.abs((this.#published - published) * subscribers - done);
          resolve({ done, seconds, lost: missing + this.#wrong - wrong });
        },
      );
      this.#pump();
    });
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Publishes as much as the window has room for. */
  #pump(): void {
    const { subscribers, window } = this.#options;
    const round = this.#round;
    if (round === undefined) return;
    let waiting = this.#published * subscribers - this.#received;
    while (waiting <= (window - this.#batchSize) * subscribers && round.open) {
      this.#publisher?.write(this.#batch);
      this.#published += this.#batchSize;
      waiting += this.#batchSize * subscribers;
    }
    if (waiting === 0) round.finish();
  }

  #subscriber(): LoadListener {
    const { subscriber, payload } = this.#options;
    let checked = 0;
    return {
      message: (code, _id, bytes, start, end) => {
        if (code === MessageType.Event) this.#received++;
        else this.#wrong++;
        // The first, and then one in some thousands, to the last value.
        if (checked++ % 5000 === 0 && !endsIn(subscriber, bytes, start, end, payload)) this.#wrong++;
      },
      chunkEnd: () => this.#pump(),
    };
  }
}
