import { silentLogger } from '../../src/base/logger.ts';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import { Inbound } from '../../src/link/inbound.ts';
import type { Link, LinkInfo, LinkReceiver } from '../../src/link/link.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';

export const testLinkInfo: LinkInfo = {
  transport: 'local',
  serializer: 'json',
  peer: 'test',
  loopback: true,
  listener: 'test',
  tls: false,
};

/**
 * The router's end of a link whose peer uses lists as in the specification: through the JSON codec, but without a
 * socket and without delay.
 */
export class ListLink implements Link {
  readonly info: LinkInfo;
  /** Messages of the router that the test has not read yet; `closed` when the link is closed. */
  readonly heard: (readonly unknown[] | 'closed')[] = [];
  queuedBytes = 0;
  readonly #inbound = new Inbound(this, silentLogger);
  #closed = false;

  constructor(info: LinkInfo = testLinkInfo) {
    this.info = info;
  }

  open(receiver: LinkReceiver): void {
    this.#inbound.open(receiver);
  }

  send(message: Message): void {
    if (!this.#closed) this.heard.push(JSON.parse(Buffer.from(jsonCodec.encode(message)).toString()));
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.heard.push('closed');
    this.#inbound.close(reason);
  }

  /** The peer sends a message. */
  say(list: readonly unknown[]): void {
    let message: Message;
    try {
      message = jsonCodec.decode(Buffer.from(JSON.stringify(list)), this.info.strict);
    } catch (error) {
      this.#inbound.refuse(error);
      return;
    }
    this.#inbound.message(message);
  }

  /** Reports a message that is too large for the peer. */
  unsendable(message: Message): void {
    this.#inbound.unsendable(message);
  }

  /** The peer disconnects. */
  lose(): void {
    this.#closed = true;
    this.#inbound.close('lost');
  }
}
