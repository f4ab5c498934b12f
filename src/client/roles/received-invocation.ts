import type { Timer } from '../../base/clock.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';
import type { InvocationMessage } from '../../wamp/messages/messages.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { Invocation, Outgoing } from '../api/session-api.ts';

/** An INVOCATION as its handler sees it, and what the callee must know of it until the handler is done. */
export class ReceivedInvocation implements Invocation {
  readonly request: Id<'request'>;
  readonly procedure: string;
  readonly details: Dict;
  readonly payload: Payload;
  /** False once an answer has been sent, or nobody waits for one any more. */
  answerable = true;
  /** Forwarded call timeout. */
  timer: Timer | undefined;
  readonly #progress: (invocation: ReceivedInvocation, outgoing: Outgoing) => void;
  #controller: AbortController | undefined;
  #aborted: WampError | undefined;

  /** `registered` is the procedure or pattern registered; calls of a pattern name theirs in `details`. */
  constructor(
    message: InvocationMessage,
    registered: string,
    progress: (invocation: ReceivedInvocation, outgoing: Outgoing) => void,
  ) {
    const procedure = message.details['procedure'];
    this.request = message.request;
    this.procedure = typeof procedure === 'string' ? procedure : registered;
    this.details = message.details;
    this.payload = message.payload;
    this.#progress = progress;
  }

  get args(): readonly unknown[] {
    return this.payload.args;
  }

  get kwargs(): Dict {
    return this.payload.kwargs;
  }

  /** Made when first asked for: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /** Why the handler was told to stop; undefined where it was not. */
  get aborted(): WampError | undefined {
    return this.#aborted;
  }

  abort(reason: WampError): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = reason;
    this.#controller?.abort(reason);
  }

  progress(outgoing: Outgoing): void {
    if (this.answerable && this.details['receive_progress'] === true) this.#progress(this, outgoing);
  }
}
