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
 * The boundary between a link and whoever listens to it. Keeps what arrives before there is a receiver, says `closed`
 * exactly once, and lets no exception of the receiver reach the link's own code: a violation of the protocol, or an
 * error of ours, costs this peer its session and nobody else anything.
 */
export class Inbound {
  readonly #link: Link;
  readonly #log: Logger;
  readonly #refusals: RefusalSummary | undefined;
  #receiver: LinkReceiver | undefined;
  #early: Message[] | undefined;
  #closed: string | undefined;

  /** `refusals` sums up what peers are refused for; without it each has a line. */
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

  /** Hands a message to the receiver. After `close` it does nothing. */
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

  /** Tells the receiver of a message that cannot be sent. After `close` it does nothing. */
  unsendable(message: Message): void {
    if (this.#closed !== undefined) return;
    try {
      this.#receiver?.unsendable?.(message);
    } catch (error) {
      this.refuse(error);
    }
  }

  /** Tells the receiver how many messages were lost. After `close` it does nothing. */
  dropped(count: number): void {
    if (this.#closed !== undefined) return;
    const { info, counters, queuedBytes: waiting } = this.#link;
    const { peer, listener } = info;
    const dropped = counters?.dropped ?? count;
    // The first time is a change; the others are told to whoever listens.
    const level = dropped === count ? 'info' : 'debug';
    this.#log[level]({ peer, listener, count, dropped, waiting }, 'messages to a peer are dropped');
    try {
      this.#receiver?.dropped?.(count);
    } catch (error) {
      this.refuse(error);
    }
  }

  /** ABORTs the peer for what it did (`ProtocolViolation`) or for what we did (anything else, logged), and closes. */
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

  /** The link is gone: tells the receiver, once. */
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
