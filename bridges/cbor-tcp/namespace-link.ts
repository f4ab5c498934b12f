import type { Logger } from '../../src/base/logger.ts';
import { Inbound } from '../../src/link/inbound.ts';
import type { Link, LinkInfo, LinkReceiver } from '../../src/link/link.ts';
import type { OutgoingPolicy } from '../../src/link/outgoing-policy.ts';
import type { Meters } from '../../src/link/rate-hold.ts';
import { CloseUri, ProtocolViolation } from '../../src/wamp/errors.ts';
import { MessageType } from '../../src/wamp/message-type.ts';
import type { Message } from '../../src/wamp/messages.ts';
import type { Uri } from '../../src/wamp/uri.ts';
import { DeviceNamespace } from './device-namespace.ts';

/**
 * A device's link as the router sees it: what the device publishes and registers is in the device's own namespace.
 * SUBSCRIBE and CALL name what they mean in full, and what comes back is as the router says it: a device may listen to
 * the world, but speaks for itself alone. Payloads pass untouched.
 */
export class NamespaceLink implements Link {
  readonly info: LinkInfo;
  readonly authid: string;
  readonly #inner: Link;
  readonly #inbound: Inbound;
  readonly #namespace: DeviceNamespace;
  readonly #welcomed: () => void;

  /** `welcomed` is told when the router lets the device in, before the device is. */
  constructor(inner: Link, authid: string, log: Logger, welcomed: () => void = () => {}) {
    this.#welcomed = welcomed;
    this.info = inner.info;
    this.authid = authid;
    this.#inner = inner;
    this.#inbound = new Inbound(this, log);
    this.#namespace = new DeviceNamespace(authid);
  }

  get queuedBytes(): number {
    return this.#inner.queuedBytes;
  }

  get counters(): Link['counters'] {
    return this.#inner.counters;
  }

  open(receiver: LinkReceiver): void {
    this.#inbound.open(receiver);
  }

  send(message: Message): void {
    if (message.type === MessageType.Welcome) this.#welcomed();
    this.#inner.send(message);
  }

  setOutgoing(outgoing: Partial<OutgoingPolicy> | undefined): void {
    this.#inner.setOutgoing?.(outgoing);
  }

  setMeters(meters: Meters | undefined): void {
    this.#inner.setMeters?.(meters);
  }

  pause(): void {
    this.#inner.pause?.();
  }

  resume(): void {
    this.#inner.resume?.();
  }

  close(reason: string): void {
    this.#inner.close(reason);
  }

  /** A message from the device. */
  receive(message: Message): void {
    this.#inbound.message(this.#qualified(message));
  }

  /** The device's connection is gone. */
  lost(reason: string): void {
    this.#inbound.close(reason);
  }

  /** `message` can never reach the device. */
  unsendable(message: Message): void {
    this.#inbound.unsendable(message);
  }

  /** Ends the session with GOODBYE. When it returns the router has let go of all that the session had. */
  end(reason: Uri, text: string): void {
    this.send({ type: MessageType.Goodbye, details: { message: text }, reason });
    this.close(text);
    this.#inbound.close(text);
  }

  /** Makes room for the same device on a new connection. */
  takeOver(): void {
    this.end(CloseUri.Killed, `${this.authid} has connected anew`);
  }

  #qualified(message: Message): Message {
    switch (message.type) {
      case MessageType.Publish: {
        const { type, request, options, topic, payload } = message;
        return { type, request, options, topic: this.#namespace.qualify(topic), payload };
      }
      case MessageType.Register: {
        const { type, request, options, procedure } = message;
        return { type, request, options, procedure: this.#namespace.qualify(procedure) };
      }
      case MessageType.Hello:
        // After a GOODBYE the same connection may join again, but not as somebody else.
        if (message.details['authid'] === this.authid) return message;
        throw new ProtocolViolation(`this connection is ${this.authid}'s; another device needs another connection`);
      default:
        return message;
    }
  }
}
