import type { Clock, Timer } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-message.ts';
import type { Logger } from '../../base/logger.ts';
import type { Link, LinkReceiver } from '../../link/link.ts';
import { type Dict, EMPTY_DICT, isDict } from '../../wamp/dict.ts';
import { ErrorUri, ProtocolViolation, WampError } from '../../wamp/errors.ts';
import { MessageType, messageName } from '../../wamp/messages/message-type.ts';
import type {
  AbortMessage,
  ChallengeMessage,
  GoodbyeMessage,
  Message,
  WelcomeMessage,
} from '../../wamp/messages/messages.ts';
import { Payload } from '../../wamp/payload.ts';
import { asUri, type Uri } from '../../wamp/uri.ts';
import type { Challenge, ChallengeAnswer, Login, LoginAttempt } from '../login/login.ts';
import { clientRoles } from './client-features.ts';

/** HELLO's realm and details, and how the client authenticates. */
export interface Admission {
  readonly realm: string;
  readonly authid?: string;
  readonly authrole?: string;
  readonly authmethods?: readonly string[];
  readonly authextra?: Dict;
  /** More of HELLO.Details. */
  readonly details?: Dict;
  /** Authentication methods with their secrets, offered in this order after `authmethods`. */
  readonly logins?: readonly Login[];
  /** Answers a CHALLENGE whose method is not in `logins`. If it throws, the attempt ends. */
  readonly onChallenge?: (challenge: Challenge) => ChallengeAnswer | Promise<ChallengeAnswer>;
  /** Milliseconds from HELLO to WELCOME. Default 10 s. */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT = 10_000;

/**
 * The opening of a session, from HELLO to WELCOME or refusal. At WELCOME, the receiver that `welcomed` returns replaces
 * this one on the link. That happens at once, because the next message may be in the same read. [basic/sessions]
 */
export class Joining implements LinkReceiver {
  readonly #link: Link;
  readonly #admission: Admission;
  readonly #log: Logger;
  readonly #welcomed: (message: WelcomeMessage) => LinkReceiver;
  readonly #refused: (error: WampError) => void;
  readonly #timer: Timer;
  /** The session's receiver, if the link cannot replace its receiver: a link that an application made. */
  #successor: LinkReceiver | undefined;
  readonly #attempts = new Map<string, LoginAttempt>();
  #answering: LoginAttempt | undefined;
  #over = false;

  /** Calls `welcomed` or `refused`, once. Before `refused` it closes the link. */
  constructor(
    link: Link,
    admission: Admission,
    clock: Clock,
    log: Logger,
    welcomed: (message: WelcomeMessage) => LinkReceiver,
    refused: (error: WampError) => void,
  ) {
    this.#link = link;
    this.#admission = admission;
    this.#log = log;
    this.#welcomed = welcomed;
    this.#refused = refused;
    const timeout = admission.timeout ?? DEFAULT_TIMEOUT;
    this.#timer = clock.after(timeout, () => {
      this.#abort(new WampError(ErrorUri.Timeout, [`the router did not answer with WELCOME within ${timeout} ms`]));
    });
  }

  start(): void {
    this.#link.open(this);
    const { realm, authid, logins = [] } = this.#admission;
    try {
      for (const login of logins) this.#attempts.set(login.method, login.begin({ authid, link: this.#link }));
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot log in');
      this.#refuse(new WampError(ErrorUri.AuthenticationFailed, [errorMessage(error)]));
      return;
    }
    const details = helloDetails(this.#admission, this.#attempts);
    this.#link.send({ type: MessageType.Hello, realm: asUri(realm), details });
  }

  message(message: Message): void {
    if (this.#successor !== undefined) {
      this.#successor.message(message);
      return;
    }
    if (this.#over) return;
    switch (message.type) {
      case MessageType.Welcome:
        if (!this.#trusts(message)) break;
        this.#end();
        this.#handOver(this.#welcomed(message));
        break;
      case MessageType.Challenge:
        this.#challenge(message);
        break;
      case MessageType.Abort:
        this.#refuse(closingError(message));
        break;
      default: {
        const text = `${messageName(message.type)} before WELCOME`;
        this.#end();
        this.#refused(new WampError(ErrorUri.ProtocolViolation, [text]));
        throw new ProtocolViolation(text);
      }
    }
  }

  closed(reason: string): void {
    if (this.#successor !== undefined) this.#successor.closed(reason);
    else this.#refuse(new WampError(ErrorUri.NetworkFailure, [reason === '' ? 'the connection was closed' : reason]));
  }

  unsendable(message: Message): void {
    if (this.#successor !== undefined) this.#successor.unsendable?.(message);
    else this.#refuse(unsendable());
  }

  /** Makes the session the receiver of all further messages. */
  #handOver(session: LinkReceiver): void {
    if (this.#link.setReceiver !== undefined) this.#link.setReceiver(session);
    else this.#successor = session;
  }

  #challenge({ method, extra }: ChallengeMessage): void {
    const attempt = this.#attempts.get(method);
    this.#answering = attempt;
    const { onChallenge } = this.#admission;
    const answerTo = attempt === undefined ? onChallenge : (challenge: Challenge) => attempt.answer(challenge.extra);
    if (answerTo === undefined) {
      this.#abort(
        new WampError(ErrorUri.AuthenticationFailed, [
          `the router requires authentication by ${method}, and no login or onChallenge was given for it`,
        ]),
      );
      return;
    }
    // The promise turns a synchronous exception of the handler into a rejection.
    new Promise<ChallengeAnswer>(resolve => resolve(answerTo({ method, extra }))).then(
      answer => {
        if (this.#over) return;
        const given = typeof answer === 'string' ? { signature: answer } : answer;
        this.#link.send({
          type: MessageType.Authenticate,
          signature: given.signature,
          extra: given.extra ?? EMPTY_DICT,
        });
      },
      (error: unknown) => {
        this.#log.warn({ err: error, method }, 'challenge not answered');
        this.#abort(
          new WampError(ErrorUri.AuthenticationFailed, [
            `the challenge (${method}) could not be answered: ${errorMessage(error)}`,
          ]),
        );
      },
    );
  }

  /** Whether WELCOME comes from the expected router. If not, the attempt is aborted. */
  #trusts({ details }: WelcomeMessage): boolean {
    const { authextra } = details;
    try {
      const { authmethods = [] } = this.#admission;
      const attempts = [...this.#attempts.values()];
      // A router that must prove its identity, and admits the client without a challenge, may be an impostor.
      if (this.#answering === undefined && authmethods.length === 0 && attempts.length > 0) {
        if (attempts.every(({ verify }) => verify !== undefined))
          throw new Error('the router did not prove its identity: it sent no CHALLENGE');
      }
      this.#answering?.verify?.(isDict(authextra) ? authextra : EMPTY_DICT);
      return true;
    } catch (error) {
      this.#abort(new WampError(ErrorUri.AuthenticationFailed, [errorMessage(error)]));
      return false;
    }
  }

  #abort(error: WampError): void {
    if (this.#over) return;
    const details = { message: error.message };
    this.#link.send({ type: MessageType.Abort, details, reason: error.uri, payload: Payload.empty });
    this.#refuse(error);
  }

  #refuse(error: WampError): void {
    if (this.#over) return;
    this.#end();
    this.#link.close(error.message);
    this.#refused(error);
  }

  #end(): void {
    this.#over = true;
    this.#timer.cancel();
  }
}

function helloDetails(admission: Admission, attempts: ReadonlyMap<string, LoginAttempt>): Dict {
  const { authid, authrole, details } = admission;
  const methods = [...(admission.authmethods ?? []), ...attempts.keys()];
  const authmethods = methods.length === 0 ? undefined : methods;
  const extras = [...[...attempts.values()].map(({ authextra }) => authextra), admission.authextra];
  const entries = extras.flatMap((extra = EMPTY_DICT) => Object.entries(extra));
  const authextra = entries.length === 0 ? admission.authextra : Object.fromEntries(entries);
  return {
    ...details,
    roles: clientRoles,
    ...(authid !== undefined && { authid }),
    ...(authrole !== undefined && { authrole }),
    ...(authmethods !== undefined && { authmethods }),
    ...(authextra !== undefined && { authextra }),
  };
}

/** The error in an ABORT or GOODBYE: its reason, and its arguments or else its message. */
export function closingError(message: AbortMessage | GoodbyeMessage): WampError {
  const { details } = message;
  const reason: Uri = message.reason;
  if (message.type === MessageType.Abort && message.payload.count > 0) {
    return new WampError(reason, message.payload.args, message.payload.kwargs);
  }
  const text = details['message'];
  return new WampError(reason, typeof text === 'string' ? [text] : []);
}

/** The error of a message that the link reported as unsendable. */
export function unsendable(): WampError {
  return new WampError(ErrorUri.PayloadSizeExceeded, ['too large for the peer, or values that cannot be encoded']);
}
