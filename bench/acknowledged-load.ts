import { MessageType } from '../src/wamp/messages/message-type.ts';
import { Latencies } from './latencies.ts';
import type { List } from './list-format.ts';
import { type Load, Round, type Tally } from './load.ts';
import { LoadSession } from './load-session.ts';
import type { MeasuredRouter } from './measured-router.ts';
import { RequestTemplate } from './request-template.ts';
import type { WireName } from './wire-format.ts';

/**
 * A publisher that waits for the acknowledgement of each event before it publishes the next. There is no subscriber.
 */
export class AcknowledgedLoad implements Load {
  readonly #session: LoadSession;
  readonly #frames: RequestTemplate;
  #request = 0;
  #answered = 0;
  #wrong = 0;

  private constructor(session: LoadSession, frames: RequestTemplate) {
    this.#session = session;
    this.#frames = frames;
  }

  static async open(router: MeasuredRouter, wire: WireName, payload: List): Promise<AcknowledgedLoad> {
    const topic = 'com.example.plant7.line2.temperature';
    const frames = new RequestTemplate(wire, [MessageType.Publish, 1, { acknowledge: true }, topic, ...payload]);
    return new AcknowledgedLoad(await LoadSession.join(wire, router), frames);
  }

  run(milliseconds: number): Promise<Tally> {
    const [answered, wrong] = [this.#answered, this.#wrong];
    const latencies = new Latencies();
    return new Promise(resolve => {
      const round = new Round(
        milliseconds,
        () => this.#answered,
        seconds => {
          const done = this.#answered - answered;
          const lost = this.#request - this.#answered + this.#wrong - wrong;
          resolve({ done, seconds, lost, latency: latencies.figures() });
        },
      );
      let sentAt = this.#publish();
      this.#session.listen({
        message: (code, id) => {
          if (code !== MessageType.Published || id !== this.#request) {
            this.#wrong++;
            return;
          }
          latencies.add(performance.now() - sentAt);
          this.#answered++;
          if (round.open) sentAt = this.#publish();
          else round.finish();
        },
        chunkEnd: () => {},
      });
    });
  }

  close(): void {
    this.#session.close();
  }

  #publish(): number {
    this.#frames.add(++this.#request);
    const frame = this.#frames.detach();
    const now = performance.now();
    if (frame !== undefined) this.#session.write(frame);
    return now;
  }
}
