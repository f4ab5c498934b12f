import type { Logger } from '../base/logger.ts';
import { networkOfPeer } from '../base/network/network-of.ts';
import type { RefusalSummary } from '../base/refusal-summary.ts';
import { EMPTY_DICT } from '../wamp/dict.ts';
import { ErrorUri, ProtocolViolation } from '../wamp/errors.ts';
import { MessageType } from '../wamp/messages/message-type.ts';
import type { Message } from '../wamp/messages/messages.ts';
import { Payload } from '../wamp/payload.ts';
import type { Uri } from '../wamp/uri.ts';
import type { Link, LinkReceiver } from './link.ts';

/**
 * The boundary between a link and its receiver. It stores messages that arrive before the link has a receiver, calls
 * `closed` exactly once, and catches every exception of the receiver. A protocol violation or an internal error ends
 * the session of this peer and affects no other.
 */
export class Inbound {
  readonly #link: Link;
  readonly #log: Logger;
  readonly #refusals: RefusalSummary | undefined;
  #receiver: LinkReceiver | undefined;
  #early: Message[] | undefined;
  #closed: string | undefined;

  /** Summarizes rejected peers in the log. Without it, each rejection is one line. */
  constructor(link: Link, log: Logger, refusals?: RefusalSummary) {
    this.#link = link;
    this.#log = log;
    this.#refusals = refusals;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  open(receiver: LinkReceiver): void {
    if (this.#receiver !== undefined) throw new Error('this link has been opened before');
    this.#receiver = receiver;
    const early = this.#early;
    this.#early = undefined;
    for (const message of early ?? []) this.message(message);
    if (this.#closed !== undefined) this.#sayClosed(this.#closed);
  }

  /** [Link.setReceiver] */
  setReceiver(receiver: LinkReceiver): void {
    if (this.#receiver === undefined) throw new Error('this link has not been opened yet');
    this.#receiver = receiver;
  }

  /** Delivers a message to the receiver. After `close` it does nothing. */
  message(message: Message): void {
    if (this.#closed !== undefined) return;
    if (this.#receiver === undefined) {
      this.#early ??= [];
      this.#early.push(message);
      return;
    }
    try {
      this.#receiver.message(message);
    } catch (error) {
      this.refuse(error);
    }
  }

  /** Reports a message that cannot be sent to the receiver. After `close` it does nothing. */
  unsendable(message: Message): void {
    if (this.#closed !== undefined) return;
    try {
      this.#receiver?.unsendable?.(message);
    } catch (error) {
      this.refuse(error);
    }
  }

  /** Reports the number of lost messages to the receiver. After `close` it does nothing. */
  dropped(count: number): void {
    if (this.#closed !== undefined) return;
    const { info, counters, queuedBytes: waiting } = this.#link;
    const { peer, listener } = info;
    const dropped = counters?.dropped ?? count;
    // The first loss is a change of state. Later losses are reported to the receiver, so they need no `info`.
    const level = dropped === count ? 'info' : 'debug';
    this.#log[level]({ peer, listener, count, dropped, waiting }, 'messages to a peer are dropped');
    try {
      this.#receiver?.dropped?.(count);
    } catch (error) {
      this.refuse(error);
    }
  }

  /**
   * Sends ABORT for a `ProtocolViolation` of the peer or for an internal error (any other error, logged), and closes.
   */
  refuse(error: unknown): void {
    if (this.#closed !== undefined) return;
    const { peer, listener } = this.#link.info;
    if (error instanceof ProtocolViolation) {
      this.#violated(error.message);
      this.#abort(ErrorUri.ProtocolViolation, error.message);
    } else {
      this.#log.error({ peer, listener, err: error }, 'internal error, session ended');
      this.#abort(ErrorUri.RuntimeError, 'internal error');
    }
  }

  /** The link has ended. Reports this to the receiver, once. */
  close(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#early = undefined;
    if (this.#receiver !== undefined) this.#sayClosed(reason);
  }

  #violated(violation: string): void {
    const { peer, listener } = this.#link.info;
    const text = 'protocol violation, session ended';
    const fields = { peer, listener, violation };
    if (this.#refusals === undefined) this.#log.info(fields, text);
    else
      this.#refusals.refused({ log: this.#log, text, reason: listener, from: networkOfPeer(this.#link.info), fields });
  }

  #abort(reason: Uri, text: string): void {
    const details = text === '' ? EMPTY_DICT : { message: text };
    this.#link.send({ type: MessageType.Abort, details, reason, payload: Payload.empty });
    this.#link.close(text);
    this.close(text);
  }

  #sayClosed(reason: string): void {
    try {
      this.#receiver?.closed(reason);
    } catch (error) {
      this.#log.error({ peer: this.#link.info.peer, err: error }, 'internal error while a session ended');
    }
  }
}
