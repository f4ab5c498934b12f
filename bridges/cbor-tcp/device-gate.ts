import type { Timer } from '../../src/base/clock.ts';
import type { BridgeContext } from '../../src/gateway/bridge.ts';
import type { Link, LinkReceiver } from '../../src/link/link.ts';
import { CloseUri, ErrorUri, ProtocolViolation } from '../../src/wamp/errors.ts';
import { MessageType, messageName } from '../../src/wamp/message-type.ts';
import type { HelloMessage, Message } from '../../src/wamp/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import type { Uri } from '../../src/wamp/uri.ts';
import type { CborTcpConfig } from './cbor-tcp-config.ts';
import { isDeviceName } from './device-namespace.ts';
import { NamespaceLink } from './namespace-link.ts';

/** Milliseconds from the connection to HELLO. */
const HELLO_TIMEOUT = 10_000;

/** Why a device is not let in: ABORT.Reason, and a text for whoever programs it. */
interface Refusal {
  readonly reason: Uri;
  readonly text: string;
}

/**
 * Lets devices in by the name in their HELLO, one connection each: a device that lost power and connects again finds
 * its place free, because the connection it left behind is ended first.
 */
export class DeviceGate {
  readonly #config: Pick<CborTcpConfig, 'anonymous' | 'maxDevices'>;
  readonly #context: BridgeContext;
  readonly #devices = new Map<string, NamespaceLink>();
  readonly #strangers = new Set<Arrival>();

  constructor(config: Pick<CborTcpConfig, 'anonymous' | 'maxDevices'>, context: BridgeContext) {
    this.#config = config;
    this.#context = context;
  }

  /** Devices that have been let in. */
  get size(): number {
    return this.#devices.size;
  }

  /** A connection that has shaken hands. */
  accept(link: Link): void {
    const [longest] = this.#strangers;
    if (longest !== undefined && this.#strangers.size >= this.#config.maxDevices) {
      // Whoever has something to say does so in a moment: the one that has not for longest keeps out nobody.
      this.#strangers.delete(longest);
      longest.close('too many connections wait to say HELLO');
    }
    const arrival = new Arrival(link, this.#context, {
      introduced: hello => this.#introduced(arrival, link, hello),
      gone: () => this.#strangers.delete(arrival),
      left: device => this.#left(device),
    });
    this.#strangers.add(arrival);
    link.open(arrival);
  }

  /** Ends every device's session and connection. */
  close(): void {
    for (const device of [...this.#devices.values()]) device.end(CloseUri.SystemShutdown, 'the gateway stops');
    this.#devices.clear();
    for (const stranger of [...this.#strangers]) stranger.close('the gateway stops');
    this.#strangers.clear();
  }

  /** The device that `hello` makes of a connection, or undefined where it has been refused. */
  #introduced(arrival: Arrival, link: Link, hello: HelloMessage): NamespaceLink | undefined {
    const { authid } = hello.details;
    const refusal = this.#refusalOf(hello, link) ?? (isDeviceName(authid) ? undefined : NO_NAME);
    if (refusal !== undefined || !isDeviceName(authid)) {
      this.#strangers.delete(arrival);
      this.#refuse(link, refusal ?? NO_NAME);
      return undefined;
    }
    const device = new NamespaceLink(link, authid, this.#context.log, () => this.#welcomed(arrival, device));
    // Whoever offers to prove who it is, is asked by the router; of the others we say who they are.
    const own = { authid, authrole: 'device', authmethod: 'anonymous', authprovider: 'cbor-tcp' };
    this.#context.attach(device, offersProof(hello) ? undefined : own);
    return device;
  }

  /** Why a device is not even asked. */
  #refusalOf(hello: HelloMessage, link: Link): Refusal | undefined {
    const { anonymous, maxDevices } = this.#config;
    const { realm, isPrincipal } = this.#context;
    const { authid } = hello.details;
    if (typeof authid === 'string' && !this.#devices.has(authid) && this.#devices.size >= maxDevices) {
      const text = `there are ${maxDevices} devices already (cbor-tcp.maxDevices)`;
      return { reason: ErrorUri.LimitExceeded, text };
    }
    if (offersProof(hello)) return undefined;
    if (hello.realm !== realm) return { reason: ErrorUri.NoSuchRealm, text: `devices join the realm ${realm}` };
    if (typeof authid === 'string' && isPrincipal(authid)) {
      const text = `${authid} is a principal: HELLO.Details.authmethods has to say how it proves that`;
      return { reason: ErrorUri.AuthenticationRequired, text };
    }
    const { address, loopback } = link.info;
    if (anonymous === 'any' || (anonymous === 'loopback' && loopback)) return undefined;
    if (isDeviceName(authid)) this.#context.turnAway({ username: authid, address, loopback });
    const text =
      anonymous === 'loopback'
        ? 'devices are admitted by name from this machine only (cbor-tcp.anonymous: any admits them from anywhere)'
        : 'no device is admitted by its name alone (cbor-tcp.anonymous: none)';
    return { reason: ErrorUri.AuthenticationRequired, text };
  }

  /** The router lets a device in: it takes the place of the connection that it had before. */
  #welcomed(arrival: Arrival, device: NamespaceLink): void {
    this.#strangers.delete(arrival);
    const { authid } = device;
    const stale = this.#devices.get(authid);
    if (stale === device) return;
    this.#devices.set(authid, device);
    if (stale === undefined) return;
    this.#context.log.info(
      { authid, peer: device.info.peer, stale: stale.info.peer },
      'device connected anew, old connection ended',
    );
    stale.takeOver();
  }

  #left(device: NamespaceLink): void {
    // A device that has been taken over is not the one that is there now.
    if (this.#devices.get(device.authid) === device) this.#devices.delete(device.authid);
  }

  #refuse(link: Link, { reason, text }: Refusal): void {
    this.#context.log.info({ peer: link.info.peer, reason, detail: text }, 'device refused');
    link.send({ type: MessageType.Abort, details: { message: text }, reason, payload: Payload.empty });
    link.close(text);
  }
}

const NO_NAME: Refusal = {
  reason: ErrorUri.InvalidArgument,
  text: 'HELLO.Details.authid has to name the device: 1 to 64 letters, digits, _ or -',
};

/** Whether a HELLO offers to prove who says it. */
function offersProof({ details: { authmethods } }: HelloMessage): boolean {
  return Array.isArray(authmethods) && authmethods.some(method => method !== 'anonymous');
}

interface ArrivalListener {
  introduced(hello: HelloMessage): NamespaceLink | undefined;
  /** Gone, and no stranger any more. */
  gone(): void;
  left(device: NamespaceLink): void;
}

/** One connection: a stranger until HELLO, then whatever it brings is the device's. */
class Arrival implements LinkReceiver {
  readonly #link: Link;
  readonly #listener: ArrivalListener;
  readonly #timer: Timer;
  #device: NamespaceLink | undefined;
  #over = false;

  constructor(link: Link, { clock }: BridgeContext, listener: ArrivalListener) {
    this.#link = link;
    this.#listener = listener;
    this.#timer = clock.after(HELLO_TIMEOUT, () => this.close('no HELLO in time'));
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
    this.#device = this.#listener.introduced(message);
    this.#over = this.#device === undefined;
    this.#device?.receive(message);
  }

  unsendable(message: Message): void {
    this.#device?.unsendable(message);
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
