import type { Logger } from '../../src/base/logger.ts';
import { Inbound } from '../../src/link/inbound.ts';
import type { DevicePolicy, Link, LinkInfo, LinkReceiver } from '../../src/link/link.ts';
import type { OutgoingPolicy } from '../../src/link/outgoing-policy.ts';
import type { RateBuckets } from '../../src/link/read-throttle.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { CallMessage, Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { asUri, type Uri } from '../../src/wamp/uri.ts';
import { DEVICES, DeviceNamespace } from './device-namespace.ts';

/** The procedure by which a device leaves a publication for later. [advanced/pubsub_testament] */
const ADD_TESTAMENT = 'wamp.session.add_testament';

/** The identity of a device, from WELCOME. */
export interface WelcomedDevice {
  readonly authid: string;
  readonly realm: string;
  /** Whether the device authenticated, or was admitted by its name alone. */
  readonly proved: boolean;
}

export interface NamespaceLinkOptions {
  readonly policy: DevicePolicy;
  /** Prefixes of other bridges. */
  readonly namespaces: readonly string[];
  readonly log: Logger;
  /** Called when the router admits the device, before WELCOME is sent. */
  readonly welcomed: (device: WelcomedDevice) => void;
}

/**
 * The link of a device as the router sees it: confined to the device's namespace, by the policy of this bridge. The
 * device's name is that of WELCOME; before WELCOME it has none. The link expands the short names in PUBLISH and
 * REGISTER. SUBSCRIBE and CALL use full names, and messages to the device are unchanged. Payloads are unchanged, except
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
    this.info = { ...inner.info, confinedTo: `${DEVICES}{authid}.`, device: options.policy };
    this.#inner = inner;
    this.#options = options;
    this.#inbound = new Inbound(this, options.log);
  }

  /** The device's identity. Undefined before the first WELCOME. */
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

  setMeters(buckets: RateBuckets | undefined): void {
    this.#inner.setMeters?.(buckets);
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

  /** The device's connection was lost. */
  lost(reason: string): void {
    this.#inbound.close(reason);
  }

  /** `message` can never reach the device. */
  unsendable(message: Message): void {
    this.#inbound.unsendable(message);
  }

  /** `count` messages to the device were lost. */
  dropped(count: number): void {
    this.#inbound.dropped(count);
  }

  /** Ends the session with GOODBYE. When it returns, the router has released the session's resources. */
  end(reason: Uri, text: string): void {
    this.send({ type: MessageType.Goodbye, details: { message: text }, reason });
    this.close(text);
    this.#inbound.close(text);
  }

  /** Without a name, names are not expanded: the router refuses messages before WELCOME. */
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

/** A call that adds a testament, with its topic expanded. The router refuses an argument that is not a topic. */
function withLongTopic({ payload, ...call }: CallMessage, namespace: DeviceNamespace): CallMessage {
  const [topic, ...rest] = payload.args;
  if (typeof topic !== 'string') return { ...call, payload };
  return { ...call, payload: Payload.of([namespace.qualify(asUri(topic)), ...rest], payload.kwargs) };
}
