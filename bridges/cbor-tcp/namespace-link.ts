import type { Logger } from '../../src/base/logger.ts';
import { Inbound } from '../../src/link/inbound.ts';
import type { DeviceTerms, Link, LinkInfo, LinkReceiver } from '../../src/link/link.ts';
import type { OutgoingPolicy } from '../../src/link/outgoing-policy.ts';
import type { Meters } from '../../src/link/read-throttle.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { CallMessage, Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { asUri, type Uri } from '../../src/wamp/uri.ts';
import { DEVICES, DeviceNamespace } from './device-namespace.ts';

/** The procedure by which a device publishes what it does not send as PUBLISH. [advanced/pubsub_testament] */
const ADD_TESTAMENT = 'wamp.session.add_testament';

/** Who a device is, as WELCOME says. */
export interface WelcomedDevice {
  readonly authid: string;
  readonly realm: string;
  /** Whether it has proved that, or is believed by its name alone. */
  readonly proved: boolean;
}

export interface NamespaceLinkOptions {
  readonly terms: DeviceTerms;
  /** Prefixes of other bridges. */
  readonly namespaces: readonly string[];
  readonly log: Logger;
  /** Told when the router admits the device, before the device is. */
  readonly welcomed: (device: WelcomedDevice) => void;
}

/**
 * A device's link as the router sees it: confined to the device's own namespace, on the terms of this bridge. The name is
 * that of WELCOME; before WELCOME the device has no name. Short names of what the device publishes and registers are made long here.
 * SUBSCRIBE and CALL name what they mean in full, and what comes back is as the router says it. Payloads pass untouched, but
 * for the topic of a testament.
 */
export class NamespaceLink implements Link {
  readonly info: LinkInfo;
  readonly #inner: Link;
  readonly #inbound: Inbound;
  readonly #options: NamespaceLinkOptions;
  #namespace: DeviceNamespace | undefined;
  #device: WelcomedDevice | undefined;

  constructor(inner: Link, options: NamespaceLinkOptions) {
    this.info = { ...inner.info, confinedTo: `${DEVICES}{authid}.`, device: options.terms };
    this.#inner = inner;
    this.#options = options;
    this.#inbound = new Inbound(this, options.log);
  }

  /** Who it is; undefined before the first WELCOME. */
  get device(): WelcomedDevice | undefined {
    return this.#device;
  }

  get queuedBytes(): number {
    return this.#inner.queuedBytes;
  }

  get queuedMessages(): number {
    return this.#inner.queuedMessages ?? 0;
  }

  get counters(): Link['counters'] {
    return this.#inner.counters;
  }

  open(receiver: LinkReceiver): void {
    this.#inbound.open(receiver);
  }

  setReceiver(receiver: LinkReceiver): void {
    this.#inbound.setReceiver(receiver);
  }

  send(message: Message): void {
    if (message.type === MessageType.Welcome) {
      const { authid, authmethod, realm } = message.details;
      this.#device = { authid: String(authid), realm: String(realm), proved: authmethod !== 'anonymous' };
      this.#namespace = new DeviceNamespace(this.#device.authid, this.#options.namespaces);
      this.#options.welcomed(this.#device);
    }
    this.#inner.send(message);
  }

  setOutgoing(outgoing: Partial<OutgoingPolicy> | undefined): void {
    this.#inner.setOutgoing?.(outgoing);
  }

  setMeters(meters: Meters | undefined): void {
    this.#inner.setMeters?.(meters);
  }

  spread(messages: number): void {
    this.#inner.spread?.(messages);
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

  /** So many messages to the device were lost. */
  dropped(count: number): void {
    this.#inbound.dropped(count);
  }

  /** Ends the session with GOODBYE. When it returns the router has let go of all that the session had. */
  end(reason: Uri, text: string): void {
    this.send({ type: MessageType.Goodbye, details: { message: text }, reason });
    this.close(text);
    this.#inbound.close(text);
  }

  /** Without a name nothing is made long: the router refuses what comes before WELCOME. */
  #qualified(message: Message): Message {
    const namespace = this.#namespace;
    if (namespace === undefined) return message;
    switch (message.type) {
      case MessageType.Publish: {
        const { type, request, options, topic, payload } = message;
        return { type, request, options, topic: namespace.qualify(topic), payload };
      }
      case MessageType.Register: {
        const { type, request, options, procedure } = message;
        return { type, request, options, procedure: namespace.qualify(procedure) };
      }
      case MessageType.Call:
        return message.procedure === ADD_TESTAMENT ? withLongTopic(message, namespace) : message;
      default:
        return message;
    }
  }
}

/** A call that leaves a testament, with its topic made long; anything but a topic stays for the router to refuse. */
function withLongTopic({ payload, ...call }: CallMessage, namespace: DeviceNamespace): CallMessage {
  const [topic, ...rest] = payload.args;
  if (typeof topic !== 'string') return { ...call, payload };
  return { ...call, payload: Payload.of([namespace.qualify(asUri(topic)), ...rest], payload.kwargs) };
}
