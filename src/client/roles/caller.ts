import type { Timer } from '../../base/clock.ts';
import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { ResultMessage } from '../../wamp/messages/messages.ts';
import type { Payload } from '../../wamp/payload.ts';
import { asUri } from '../../wamp/uri.ts';
import type { CallOptions, CallResult } from '../api/session-api.ts';
import type { SessionWire } from '../api/session-wire.ts';
import { guarded } from './handler-guard.ts';
import { outgoingPayload } from './outgoing-payload.ts';
import { PendingRequests } from './pending-requests.ts';

const NO_OPTIONS: CallOptions = {};

class ReceivedResult implements CallResult {
  readonly details: Dict;
  readonly payload: Payload;

  constructor(message: ResultMessage) {
    this.details = message.details;
    this.payload = message.payload;
  }

  get args(): readonly unknown[] {
    return this.payload.args;
  }

  get kwargs(): Dict {
    return this.payload.kwargs;
  }
}

/** A session's caller role. Each call settles exactly once. [basic/remote_procedure_call] */
export class Caller {
  readonly #wire: SessionWire;
  readonly #pending: PendingRequests<ResultMessage>;

  constructor(wire: SessionWire, maxPending: number) {
    this.#wire = wire;
    this.#pending = new PendingRequests(maxPending);
  }

  call(procedure: string, call: CallOptions = NO_OPTIONS): Promise<CallResult> {
    return new Promise((resolve, reject) => {
      this.#wire.ensureJoined();
      this.#pending.ensureRoom();
      if (call.signal?.aborted === true) throw canceled();
      const payload = outgoingPayload(call);
      const request = this.#wire.nextRequest();
      this.#pending.add(request, this.#waiting(request, procedure, call, resolve, reject));
      const options = callOptions(call);
      this.#wire.send({ type: MessageType.Call, request, options, procedure: asUri(procedure), payload });
    });
  }

  result(message: ResultMessage): void {
    if (message.details['progress'] === true) {
      const waiting = this.#pending.get(message.request);
      if (waiting === undefined) this.#wire.unexpected(message.request, 'RESULT');
      else waiting.answered(message);
    } else if (!this.#pending.answer(message.request, message)) {
      this.#wire.unexpected(message.request, 'RESULT');
    }
  }

  failed(request: Id<'request'>, error: WampError): void {
    if (!this.#pending.fail(request, error)) this.#wire.unexpected(request, 'ERROR to CALL');
  }

  end(error: WampError): void {
    this.#pending.failAll(error);
  }

  // Four things can end a call: the answer, the end of the session, `signal` and the timer. The first one removes it
  // from the table and cancels the others. A later answer is dropped.
  #waiting(
    request: Id<'request'>,
    procedure: string,
    { signal, timeout = 0, cancelMode = 'killnowait', onProgress }: CallOptions,
    resolve: (result: CallResult) => void,
    reject: (error: unknown) => void,
  ): { answered(message: ResultMessage): void; failed(error: WampError): void } {
    let timer: Timer | undefined;
    const stop = (): void => {
      timer?.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    const giveUp = (error: WampError, mode: string): void => {
      this.#pending.remove(request);
      stop();
      this.#cancel(request, mode);
      reject(error);
    };
    const onAbort = (): void => giveUp(canceled(), cancelMode);
    const startTimer = (): void => {
      if (timeout > 0) timer = this.#wire.clock.after(timeout, () => giveUp(timedOut(timeout), 'killnowait'));
    };
    startTimer();
    signal?.addEventListener('abort', onAbort, { once: true });
    return {
      answered: message => {
        if (message.details['progress'] === true) {
          // The timeout applies to each progressive result anew. [advanced/rpc_call_timeout]
          timer?.cancel();
          startTimer();
          if (onProgress !== undefined) guarded(onProgress, new ReceivedResult(message), this.#wire.log, procedure);
          return;
        }
        stop();
        resolve(new ReceivedResult(message));
      },
      failed: error => {
        stop();
        reject(error);
      },
    };
  }

  /**
   * Sends CANCEL only if the router announced the feature: others would abort the session.
   * [advanced/rpc_call_canceling]
   */
  #cancel(request: Id<'request'>, mode: string): void {
    if (!this.#wire.routerHas('dealer', 'call_canceling')) return;
    this.#wire.send({ type: MessageType.Cancel, request, options: { mode } });
  }
}

function callOptions({ options = EMPTY_DICT, timeout = 0, onProgress }: CallOptions): Dict {
  if (timeout <= 0 && onProgress === undefined) return options;
  return {
    ...options,
    ...(timeout > 0 && { timeout: Math.ceil(timeout) }),
    ...(onProgress !== undefined && { receive_progress: true }),
  };
}

function canceled(): WampError {
  return new WampError(ErrorUri.Canceled, ['the call was cancelled by the caller']);
}

function timedOut(timeout: number): WampError {
  return new WampError(ErrorUri.Timeout, [`no answer within ${timeout} ms`]);
}
