import type { Timer } from '../../base/clock.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';
import type { InvocationMessage } from '../../wamp/messages/messages.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { Invocation, Outgoing } from '../api/session-api.ts';

/** An INVOCATION as its handler receives it, with the callee's state until the handler is done. */
export class ReceivedInvocation implements Invocation {
  readonly request: Id<'request'>;
  readonly procedure: string;
  readonly details: Dict;
  readonly payload: Payload;
  /** False after the answer has been sent, or if the answer is no longer expected. */
  answerable = true;
  /** The timer of a forwarded call timeout. */
  timer: Timer | undefined;
  readonly #progress: (invocation: ReceivedInvocation, outgoing: Outgoing) => void;
  #controller: AbortController | undefined;
  #aborted: WampError | undefined;

  /** `registered` is the procedure or pattern of the registration. Calls of a pattern name theirs in `details`. */
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

  /** Created on first access, since most handlers do not use it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /** Why the handler was aborted. Undefined if it was not. */
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
