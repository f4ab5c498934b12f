import { MessageType } from '../src/wamp/messages/message-type.ts';
import type { List } from './list-format.ts';
import { type Load, Round, type Tally } from './load.ts';
import { endsIn, type LoadListener, LoadSession } from './load-session.ts';
import type { MeasuredRouter } from './measured-router.ts';
import { RequestTemplate } from './request-template.ts';
import type { WireName } from './wire-format.ts';

export interface CallLoadOptions {
  readonly wire: WireName;
  readonly callers: number;
  /** Outstanding calls of each caller. */
  readonly outstanding: number;
  readonly payload: List;
}

const PROCEDURE = 'com.example.plant7.line2.set';

/** Callers that call one callee, which returns its arguments. */
export class CallLoad implements Load {
  readonly #options: CallLoadOptions;
  readonly #sessions: LoadSession[] = [];
  readonly #starts: (() => void)[] = [];
  #called = 0;
  #answered = 0;
  #wrong = 0;
  #round: Round | undefined;

  private constructor(options: CallLoadOptions) {
    this.#options = options;
  }

  static async open(router: MeasuredRouter, options: CallLoadOptions): Promise<CallLoad> {
    const load = new CallLoad(options);
    const callee = await LoadSession.join(options.wire, router);
    load.#sessions.push(callee);
    await callee.request([MessageType.Register, 1, {}, PROCEDURE], MessageType.Registered);
    callee.listen(load.#callee(callee));
    for (let i = 0; i < options.callers; i++) {
      const caller = await LoadSession.join(options.wire, router);
      load.#sessions.push(caller);
      load.#addCaller(caller);
    }
    return load;
  }

  run(milliseconds: number): Promise<Tally> {
    const called = this.#called;
    const answered = this.#answered;
    const wrong = this.#wrong;
    return new Promise(resolve => {
      this.#round = new Round(
        milliseconds,
        () => this.#answered,
        seconds => {
          this.#round = undefined;
          const done = this.#answered - answered;
          const missing = Math.abs(this.#called - called - done);
          resolve({ done, seconds, lost: missing + this.#wrong - wrong });
        },
      );
      for (const start of this.#starts) start();
    });
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }

  #callee(session: LoadSession): LoadListener {
    const { wire, payload } = this.#options;
    const yields = new RequestTemplate(wire, [MessageType.Yield, 1, {}, ...payload]);
    return {
      message: (code, id) => {
        if (code === MessageType.Invocation) yields.add(id);
        else this.#wrong++;
      },
      chunkEnd: () => send(session, yields),
    };
  }

  #addCaller(session: LoadSession): void {
    const { wire, payload, outstanding } = this.#options;
    const calls = new RequestTemplate(wire, [MessageType.Call, 1, {}, PROCEDURE, ...payload]);
    const waiting = new Set<number>();
    let last = 0;
    let checked = 0;
    const pump = (): void => {
      while (waiting.size < outstanding && this.#round?.open === true) {
        waiting.add(++last);
        calls.add(last);
        this.#called++;
      }
      send(session, calls);
      if (this.#called === this.#answered && this.#round?.open === false) this.#round.finish();
    };
    this.#starts.push(pump);
    session.listen({
      message: (code, id, bytes, start, end) => {
        // Each call ends once, with its own result.
        if (code === MessageType.Result && waiting.delete(id)) this.#answered++;
        else this.#wrong++;
        if (checked++ % 5000 === 0 && !endsIn(wire, bytes, start, end, payload)) this.#wrong++;
      },
      chunkEnd: pump,
    });
  }
}

function send(session: LoadSession, frames: RequestTemplate): void {
  const bytes = frames.detach();
  if (bytes !== undefined) session.write(bytes);
}
