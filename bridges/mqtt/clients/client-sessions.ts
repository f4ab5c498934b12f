import { isPlainText } from '../../../src/base/safe-text.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import type { BridgeContext, DeviceIdentity, Owner } from '../../../src/gateway/bridge/bridge.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import { type MqttPeer, MqttRefusal, Refused } from '../source/mqtt-source.ts';
import { ownerQuotaKey } from '../source/quota-key.ts';

/** Of clients without credentials. */
export const DEVICE_ROLE = 'anonymous';

/** What begins the owner of a principal's session at the broker. */
const PRINCIPAL = 'principal/';

type Admitted = Extract<DeviceIdentity, { principal: unknown }>;

export interface ClientSessionsConfig {
  /** The bridge itself on the realm. No client may take this name: its events would not reach MQTT. */
  readonly service: string;
  readonly anonymous: MqttConfig['anonymous'];
}

/** A client on the realm. */
export interface MqttPublisher {
  readonly session: JoinedSession;
  /** Whom what it takes is counted for: its principal, or all clients without credentials from its address. */
  readonly quotaKey: string;
}

interface Client extends MqttPublisher {
  readonly owner: Owner;
}

/** The sessions of an MQTT bridge on the realm: its own, and one for each client, from CONNECT to the last message. */
export class ClientSessions {
  /** The bridge's own: it carries WAMP events to MQTT, and speaks where no client does. */
  readonly service: JoinedSession;
  readonly #config: ClientSessionsConfig;
  readonly #context: BridgeContext;
  readonly #clients = new Map<MqttPeer, Client>();
  #stopping = false;

  private constructor(config: ClientSessionsConfig, context: BridgeContext, service: JoinedSession) {
    this.#config = config;
    this.#context = context;
    this.service = service;
    void service.closed.then(reason => {
      if (!this.#stopping) context.fail(new Error(`the session of the MQTT bridge ended: ${reason}`));
    });
  }

  static async join(config: ClientSessionsConfig, context: BridgeContext): Promise<ClientSessions> {
    const { service: authid } = config;
    const service = await context.join({ authid, authrole: 'bridge', peer: authid, service: true });
    return new ClientSessions(config, context, service);
  }

  of(peer: MqttPeer): JoinedSession | undefined {
    return this.#clients.get(peer)?.session;
  }

  publisherOf(peer: MqttPeer): MqttPublisher | undefined {
    return this.#clients.get(peer);
  }

  ownerOf(peer: MqttPeer): Owner | undefined {
    return this.#clients.get(peer)?.owner;
  }

  /** Whether `owner`, as `open` gave it, is a principal that does not exist any more. */
  isGone(owner: string): boolean {
    return owner.startsWith(PRINCIPAL) && !this.#context.isPrincipal(owner.slice(PRINCIPAL.length));
  }

  /** Resolves with whose the client's session at the broker is; rejects with `MqttRefusal` where it may not come in. */
  async open(peer: MqttPeer): Promise<string | undefined> {
    if (peer.clientId === this.#config.service)
      throw new MqttRefusal(Refused.Identifier, 'this client id is the bridge’s own');
    // As an authid of WAMP: it becomes one, and stands in logs and on screens.
    if (!isPlainText(peer.clientId))
      throw new MqttRefusal(Refused.Identifier, 'the client id contains control, format or unassigned characters');
    if (this.#stopping || this.#context.signal.aborted) throw new MqttRefusal(Refused.Unavailable, 'it is stopping');
    const { principal, proved } = await this.#identify(peer);
    const { authid, authrole, authmethod, authprovider, clientId } = principal;
    const { host, loopback } = peer;
    const unproved = proved ? {} : { address: host, loopback };
    const owner: Owner = { authid, authrole, authmethod, authprovider, clientId, ...unproved };
    const identity = { authid, authrole, principal, address: owner.address, peer: `mqtt ${peer.address}` };
    const session = await this.#context.join(identity);
    this.#clients.set(peer, { session, quotaKey: ownerQuotaKey(owner), owner });
    void session.closed.then(reason => {
      // Ended by the router: the client ends with its session.
      if (this.#clients.delete(peer)) peer.disconnect(`its WAMP session ended: ${reason}`);
    });
    // A stranger may call itself anything, but never what a principal is called here.
    if (proved) return `${PRINCIPAL}${authid}`;
    return peer.username === undefined ? undefined : `stranger/${peer.username}`;
  }

  /** Rejects with `MqttRefusal`. */
  async #identify(peer: MqttPeer): Promise<Admitted> {
    const { clientId, username, password, certificate, host, loopback, addressHint } = peer;
    const shown = { username, password, clientId, certificate, address: host, loopback, addressHint };
    const terms = { anonymous: this.#config.anonymous, role: DEVICE_ROLE };
    const found = await this.#context.identify(shown, terms);
    if ('refused' in found) {
      const code = found.why === 'anonymous' ? Refused.NotAuthorized : Refused.Credentials;
      throw new MqttRefusal(code, found.refused, `CONNACK ${code}`);
    }
    return found;
  }

  close(peer: MqttPeer): void {
    const session = this.of(peer);
    this.#clients.delete(peer);
    void session?.leave();
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const sessions = [this.service, ...[...this.#clients.values()].map(({ session }) => session)];
    this.#clients.clear();
    await Promise.all(sessions.map(session => session.leave()));
  }
}
