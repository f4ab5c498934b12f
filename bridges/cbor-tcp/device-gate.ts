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
    const { anonymous, maxDevices } = this.#config;
    if (anonymous === 'loopback' && !link.info.loopback) {
      this.#refuse(link, {
        reason: ErrorUri.AuthenticationRequired,
        text: 'devices are admitted by name from this machine only (cbor-tcp.anonymous: any admits them from anywhere)',
      });
    } else if (this.#strangers.size >= maxDevices) {
      this.#refuse(link, { reason: ErrorUri.LimitExceeded, text: 'too many connections wait to say HELLO' });
    } else {
      const arrival = new Arrival(link, this.#context, {
        introduced: hello => this.#introduced(arrival, link, hello),
        gone: () => this.#strangers.delete(arrival),
        left: device => this.#left(device),
      });
      this.#strangers.add(arrival);
      link.open(arrival);
    }
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
    this.#strangers.delete(arrival);
    const { authid } = hello.details;
    if (!isDeviceName(authid)) {
      this.#refuse(link, {
        reason: ErrorUri.InvalidArgument,
        text: 'HELLO.Details.authid has to name the device: 1 to 64 letters, digits, _ or -',
      });
      return undefined;
    }
    const stale = this.#devices.get(authid);
    if (stale === undefined && this.#devices.size >= this.#config.maxDevices) {
      const text = `there are ${this.#config.maxDevices} devices already (cbor-tcp.maxDevices)`;
      this.#refuse(link, { reason: ErrorUri.LimitExceeded, text });
      return undefined;
    }
    const { log, attach } = this.#context;
    if (stale !== undefined) {
      log.info({ authid, peer: link.info.peer, stale: stale.info.peer }, 'device connected anew, old connection ended');
      stale.takeOver();
    }
    const device = new NamespaceLink(link, authid, log);
    this.#devices.set(authid, device);
    attach(device, { authid, authrole: 'device', authmethod: 'anonymous', authprovider: 'cbor-tcp' });
    return device;
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

interface ArrivalListener {
  introduced(hello: HelloMessage): NamespaceLink | undefined;
  /** Gone before it said who it is. */
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
    this.#listener.left(device);
    device.lost(reason);
  }

  close(reason: string): void {
    this.#timer.cancel();
    this.#over = true;
    this.#link.close(reason);
  }
}
