import type { Timer } from '../../src/base/clock.ts';
import { ConnectionSlots, type Slot } from '../../src/base/network/connection-slots.ts';
import { afterAwake } from '../../src/base/time/awake-time.ts';
import type { BridgeContext } from '../../src/gateway/bridge/bridge.ts';
import type { DevicePolicy, Link, LinkReceiver, Principal } from '../../src/link/link.ts';
import { CloseUri, ErrorUri, ProtocolViolation } from '../../src/wamp/errors.ts';
import { MessageType, messageName } from '../../src/wamp/messages/message-type.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import type { Uri } from '../../src/wamp/uri.ts';
import type { CborTcpConfig } from './cbor-tcp-config.ts';
import { NamespaceLink, type WelcomedDevice } from './namespace-link.ts';

/** Milliseconds from the connection to HELLO. */
const HELLO_TIMEOUT = 10_000;

type GateConfig = Pick<CborTcpConfig, 'anonymous' | 'maxDevices'>;

/**
 * The devices of the bridge, one connection each. A device that reconnects after a power loss replaces its stale
 * connection. The gateway decides in WELCOME who a device is; nothing here depends on HELLO.
 */
export class DeviceGate {
  readonly #maxDevices: number;
  readonly #context: BridgeContext;
  readonly #policy: DevicePolicy;
  /** By realm and name, because the same name on another realm is another device. */
  readonly #devices = new Map<string, NamespaceLink>();
  readonly #keys = new Map<NamespaceLink, string>();
  /** Connections that have not received WELCOME. */
  readonly #pendingDevices = new Map<PendingDevice, Slot>();
  readonly #pendingSlots: ConnectionSlots;

  constructor({ anonymous, maxDevices }: GateConfig, context: BridgeContext) {
    this.#maxDevices = maxDevices;
    this.#pendingSlots = new ConnectionSlots(maxDevices);
    this.#context = context;
    const refuse = (principal: Principal, realm: string) => this.#refusalOf(principal, realm);
    this.#policy = { bridge: 'cbor-tcp', realm: context.realm, anonymous, role: 'device', refuse };
  }

  /** Admitted devices. */
  get size(): number {
    return this.#devices.size;
  }

  /** Accepts a connection after the handshake of RawSocket. */
  accept(link: Link): void {
    this.#pendingSlots.ensureFree();
    const pending = new PendingDevice(link, this.#context, {
      introduced: () => this.#introduced(pending, link),
      gone: () => this.#settled(pending),
      left: device => this.#left(device),
    });
    const slot = this.#pendingSlots.reserve(() => {
      this.#pendingDevices.delete(pending);
      pending.close('too many connections wait for WELCOME');
    });
    this.#pendingDevices.set(pending, slot);
    link.open(pending);
  }

  /** Ends every device's session and connection. */
  close(): void {
    for (const device of [...this.#devices.values()]) device.end(CloseUri.SystemShutdown, 'the gateway stops');
    this.#devices.clear();
    this.#keys.clear();
    for (const pending of [...this.#pendingDevices.keys()]) pending.close('the gateway stops');
    this.#pendingDevices.clear();
  }

  /** The connection is closed, or its device has received WELCOME. */
  #settled(pending: PendingDevice): void {
    this.#pendingDevices.get(pending)?.release();
    this.#pendingDevices.delete(pending);
  }

  /** Attaches a connection that sends HELLO to the router. */
  #introduced(pending: PendingDevice, link: Link): NamespaceLink {
    const { log, namespaces } = this.#context;
    const device = new NamespaceLink(link, {
      policy: this.#policy,
      namespaces,
      log,
      welcomed: welcomed => this.#welcomed(pending, device, welcomed),
    });
    this.#context.attach(device);
    return device;
  }

  /** Why a device that the gateway would admit is refused here. Undefined if it is accepted. */
  #refusalOf({ authid, authmethod }: Principal, realm: string): { reason: Uri; text: string } | undefined {
    const there = this.#devices.get(keyOf({ authid, realm }));
    if (there === undefined) {
      if (this.#devices.size < this.#maxDevices) return undefined;
      const text = `${this.#maxDevices} devices are already connected (limit: bridges.cbor-tcp.maxDevices)`;
      return { reason: ErrorUri.LimitExceeded, text };
    }
    if (authmethod !== 'anonymous' || there.device?.proved !== true) return undefined;
    const text = `an authenticated device ${authid} is connected: this device must authenticate too, so HELLO.Details.authmethods must name a method`;
    return { reason: ErrorUri.AuthenticationRequired, text };
  }

  /** The router admitted a device: it replaces the device's earlier connection. */
  #welcomed(pending: PendingDevice, device: NamespaceLink, welcomed: WelcomedDevice): void {
    this.#settled(pending);
    const key = keyOf(welcomed);
    const stale = this.#devices.get(key);
    if (stale === device) return;
    // The connection may have been this name's device on another realm before.
    this.#left(device);
    this.#devices.set(key, device);
    this.#keys.set(device, key);
    if (stale === undefined) return;
    const { authid } = welcomed;
    this.#context.log.info(
      { authid, peer: device.info.peer, stale: stale.info.peer },
      'device reconnected; previous connection closed',
    );
    stale.end(CloseUri.Killed, `${authid} has connected again`);
  }

  #left(device: NamespaceLink): void {
    const key = this.#keys.get(device);
    if (key === undefined) return;
    this.#keys.delete(device);
    // A replaced device is not the current one.
    if (this.#devices.get(key) === device) this.#devices.delete(key);
  }
}

function keyOf({ authid, realm }: Pick<WelcomedDevice, 'authid' | 'realm'>): string {
  return JSON.stringify([realm, authid]);
}

interface ArrivalListener {
  introduced(): NamespaceLink;
  /** The connection was closed. */
  gone(): void;
  left(device: NamespaceLink): void;
}

/** One connection. Until HELLO it has no device. Afterwards all messages go to the device. */
class PendingDevice implements LinkReceiver {
  readonly #link: Link;
  readonly #listener: ArrivalListener;
  readonly #timer: Timer;
  #device: NamespaceLink | undefined;
  #over = false;

  constructor(link: Link, { clock }: BridgeContext, listener: ArrivalListener) {
    this.#link = link;
    this.#listener = listener;
    this.#timer = afterAwake(clock, HELLO_TIMEOUT, () => this.close('no HELLO within the time limit'));
  }

  message(message: Message): void {
    if (this.#device !== undefined) {
      this.#device.receive(message);
      return;
    }
    if (this.#over) return;
    if (message.type !== MessageType.Hello) {
      throw new ProtocolViolation(`Received ${messageName(message.type)} message before session was established.`);
    }
    this.#timer.cancel();
    this.#device = this.#listener.introduced();
    this.#device.receive(message);
  }

  unsendable(message: Message): void {
    this.#device?.unsendable(message);
  }

  dropped(count: number): void {
    this.#device?.dropped(count);
  }

  closed(reason: string): void {
    this.#timer.cancel();
    const device = this.#device;
    if (device === undefined) {
      this.#listener.gone();
      return;
    }
    this.#listener.gone();
    this.#listener.left(device);
    device.lost(reason);
  }

  close(reason: string): void {
    this.#timer.cancel();
    this.#over = true;
    this.#link.close(reason);
  }
}
