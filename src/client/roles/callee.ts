import { EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri, ProtocolViolation, WampError } from '../../wamp/errors.ts';
import { asId, type Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type {
  ErrorMessage,
  InterruptMessage,
  InvocationMessage,
  RegisteredMessage,
  UnregisteredMessage,
  YieldMessage,
} from '../../wamp/messages/messages.ts';
import { Payload } from '../../wamp/payload.ts';
import { asUri } from '../../wamp/uri.ts';
import type { InvocationHandler, Outgoing, RegisterOptions, Registration } from '../api/session-api.ts';
import type { SessionWire } from '../api/session-wire.ts';
import { outgoingPayload } from './outgoing-payload.ts';
import { PendingRequests } from './pending-requests.ts';
import { ReceivedInvocation } from './received-invocation.ts';
import { HandlerResult } from './result.ts';

const NO_OPTIONS: RegisterOptions = {};
const PROGRESS = Object.freeze({ progress: true });

interface Registered {
  readonly id: Id<'registration'>;
  readonly procedure: string;
  readonly handler: InvocationHandler;
}

/** A session's callee role. [basic/remote_procedure_call] */
export class Callee {
  readonly #wire: SessionWire;
  readonly #maxInvocations: number;
  readonly #registering: PendingRequests<RegisteredMessage>;
  readonly #unregistering: PendingRequests<UnregisteredMessage>;
  readonly #byId = new Map<Id<'registration'>, Registered>();
  /** Invocations whose handler runs, answered or not: a cancelled call still counts until its handler returns. */
  readonly #running = new Map<Id<'request'>, ReceivedInvocation>();
  readonly #progress = (invocation: ReceivedInvocation, outgoing: Outgoing): void =>
    this.#yield(invocation, PROGRESS, outgoingPayload(outgoing));

  constructor(wire: SessionWire, maxPending: number, maxInvocations: number) {
    this.#wire = wire;
    this.#maxInvocations = maxInvocations;
    this.#registering = new PendingRequests(maxPending);
    this.#unregistering = new PendingRequests(maxPending);
  }

  register(
    procedure: string,
    handler: InvocationHandler,
    register: RegisterOptions = NO_OPTIONS,
  ): Promise<Registration> {
    return new Promise((resolve, reject) => {
      this.#wire.ensureJoined();
      this.#registering.ensureRoom();
      const request = this.#wire.nextRequest();
      this.#registering.add(request, {
        answered: ({ registration: id }) => {
          // Installed in this turn: an INVOCATION may be the next message.
          const registered: Registered = { id, procedure, handler };
          this.#byId.set(id, registered);
          resolve(this.#handle(registered));
        },
        failed: reject,
      });
      const options = registerOptions(register);
      this.#wire.send({ type: MessageType.Register, request, options, procedure: asUri(procedure) });
    });
  }

  registered(message: RegisteredMessage): void {
    if (!this.#registering.answer(message.request, message)) this.#wire.unexpected(message.request, 'REGISTERED');
  }

  registerFailed(request: Id<'request'>, error: WampError): void {
    if (!this.#registering.fail(request, error)) this.#wire.unexpected(request, 'ERROR to REGISTER');
  }

  /** Request 0 is a revocation. [advanced/rpc_registration_revocation] */
  unregistered(message: UnregisteredMessage): void {
    if (message.request === 0) {
      const id = message.details?.['registration'];
      const registered = typeof id === 'number' ? this.#byId.get(asId(id)) : undefined;
      if (registered === undefined) return;
      this.#byId.delete(registered.id);
      const reason = message.details?.['reason'];
      this.#wire.log.warn({ procedure: registered.procedure, reason }, 'registration revoked by the router');
    } else if (!this.#unregistering.answer(message.request, message)) {
      this.#wire.unexpected(message.request, 'UNREGISTERED');
    }
  }

  unregisterFailed(request: Id<'request'>, error: WampError): void {
    if (!this.#unregistering.fail(request, error)) this.#wire.unexpected(request, 'ERROR to UNREGISTER');
  }

  /** The caller could not receive a result. The router has failed the call already. [advanced/payload_passthru_mode] */
  yieldFailed(request: Id<'request'>, error: WampError): void {
    this.#wire.log.warn({ request, error: error.uri }, 'the router refused a result');
  }

  invocation(message: InvocationMessage): void {
    const { request } = message;
    if (this.#running.has(request)) throw new ProtocolViolation(`a second INVOCATION with id ${request}`);
    const registered = this.#byId.get(message.registration);
    if (registered === undefined) {
      this.#refuse(request, new WampError(ErrorUri.NoSuchRegistration, ['the callee has no such registration']));
    } else if (this.#running.size >= this.#maxInvocations) {
      const text = `the callee is busy with ${this.#maxInvocations} calls`;
      this.#refuse(request, new WampError(ErrorUri.Unavailable, [text]));
    } else {
      this.#run(new ReceivedInvocation(message, registered.procedure, this.#progress), registered.handler);
    }
  }

  /** Notifies the handler. With `killnowait` its answer is discarded. [advanced/rpc_call_canceling] */
  interrupt({ request, options }: InterruptMessage): void {
    const invocation = this.#running.get(request);
    if (invocation === undefined) return;
    if (options['mode'] === 'killnowait') invocation.answerable = false;
    invocation.abort(new WampError(ErrorUri.Canceled, ['the call was cancelled']));
  }

  /** Replaces an answer that cannot be sent, once, by an error without the handler's values. */
  unsendable(message: YieldMessage | ErrorMessage, error: WampError): void {
    if (message.type === MessageType.Error && message.payload.count === 0) return;
    if (message.type === MessageType.Yield && message.options['progress'] === true) return;
    const replacement = message.type === MessageType.Error ? message.error : error.uri;
    this.#refuse(message.request, new WampError(replacement));
  }

  end(error: WampError): void {
    this.#byId.clear();
    this.#registering.failAll(error);
    this.#unregistering.failAll(error);
    for (const invocation of this.#running.values()) {
      invocation.answerable = false;
      invocation.timer?.cancel();
      invocation.abort(error);
    }
    this.#running.clear();
  }

  #run(invocation: ReceivedInvocation, handler: InvocationHandler): void {
    this.#running.set(invocation.request, invocation);
    this.#startTimer(invocation);
    try {
      const outcome = handler(invocation);
      if (isThenable(outcome)) {
        outcome.then(
          value => this.#succeeded(invocation, value),
          (error: unknown) => this.#failed(invocation, error),
        );
      } else {
        this.#succeeded(invocation, outcome);
      }
    } catch (error) {
      this.#failed(invocation, error);
    }
  }

  /** Enforces a timeout that the dealer forwarded to the callee. [advanced/rpc_call_timeout] */
  #startTimer(invocation: ReceivedInvocation): void {
    const timeout = invocation.details['timeout'];
    if (typeof timeout !== 'number' || timeout <= 0) return;
    invocation.timer = this.#wire.clock.after(timeout, () => {
      const error = new WampError(ErrorUri.Timeout, [`no result within ${timeout} ms`]);
      if (invocation.answerable) this.#refuse(invocation.request, error);
      invocation.answerable = false;
      invocation.abort(error);
    });
  }

  #succeeded(invocation: ReceivedInvocation, value: unknown): void {
    this.#finish(invocation);
    if (!invocation.answerable) return;
    this.#yield(invocation, EMPTY_DICT, resultPayload(value));
    invocation.answerable = false;
  }

  #failed(invocation: ReceivedInvocation, error: unknown): void {
    this.#finish(invocation);
    if (!invocation.answerable) return;
    invocation.answerable = false;
    if (error instanceof WampError) {
      this.#refuse(invocation.request, error);
    } else if (invocation.aborted !== undefined) {
      // The handler was aborted, so its error is not reported.
      this.#refuse(invocation.request, invocation.aborted);
    } else {
      // Internal errors may hold secrets: they are logged, and the caller receives a general text.
      this.#wire.log.error({ err: error, procedure: invocation.procedure }, 'handler failed');
      this.#refuse(invocation.request, new WampError(ErrorUri.RuntimeError, ['the procedure failed']));
    }
  }

  #finish(invocation: ReceivedInvocation): void {
    invocation.timer?.cancel();
    if (this.#running.get(invocation.request) === invocation) this.#running.delete(invocation.request);
  }

  #yield({ request }: ReceivedInvocation, options: typeof EMPTY_DICT, payload: Payload): void {
    this.#wire.send({ type: MessageType.Yield, request, options, payload });
  }

  #refuse(request: Id<'request'>, error: WampError): void {
    this.#wire.send({
      type: MessageType.Error,
      requestType: MessageType.Invocation,
      request,
      details: EMPTY_DICT,
      error: error.uri,
      payload: Payload.of(error.args, error.kwargs),
    });
  }

  #handle(registered: Registered): Registration {
    let ended: Promise<void> | undefined;
    const unregister = (): Promise<void> => {
      ended ??= this.#unregister(registered);
      return ended;
    };
    return { procedure: registered.procedure, unregister };
  }

  /** Invocations that are already on the way are answered until the router confirms. */
  #unregister(registered: Registered): Promise<void> {
    if (this.#byId.get(registered.id) !== registered) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#unregistering.ensureRoom();
      const request = this.#wire.nextRequest();
      this.#unregistering.add(request, {
        answered: () => {
          this.#byId.delete(registered.id);
          resolve();
        },
        // If the session ended, so did the registration.
        failed: error => (this.#wire.refusal === undefined ? reject(error) : resolve()),
      });
      this.#wire.send({ type: MessageType.Unregister, request, registration: registered.id });
    });
  }
}

function registerOptions({ match = 'exact', invoke = 'single', options = EMPTY_DICT }: RegisterOptions) {
  if (match === 'exact' && invoke === 'single') return options;
  return { ...options, ...(match !== 'exact' && { match }), ...(invoke !== 'single' && { invoke }) };
}

function resultPayload(value: unknown): Payload {
  if (value === undefined) return Payload.empty;
  return value instanceof HandlerResult ? value.payload : Payload.of([value]);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
