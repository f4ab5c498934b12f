import { isPlainText } from '../../../src/base/safe-text.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import type { BridgeContext, DeviceIdentity, Owner } from '../../../src/gateway/bridge/bridge.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import { type MqttPeer, MqttRefusal, Refused } from '../source/mqtt-source.ts';
import { ownerQuotaKey } from '../source/quota-key.ts';

/** The role of clients without credentials. */
export const DEVICE_ROLE = 'anonymous';

/** Prefix of the session owner if that is a principal. */
const PRINCIPAL = 'principal/';

type Admitted = Extract<DeviceIdentity, { principal: unknown }>;

export interface ClientSessionsConfig {
  /** The authid of the bridge's own session. No client may use this name, because its events would not reach MQTT. */
  readonly service: string;
  readonly anonymous: MqttConfig['anonymous'];
}

/** A client with its session on the realm. */
export interface MqttPublisher {
  readonly session: JoinedSession;
  /** Its principal, or its IP address if it has no credentials. */
  readonly quotaKey: string;
}

interface Client extends MqttPublisher {
  readonly owner: Owner;
}

/** The WAMP sessions of an MQTT bridge: its own, and one for each client from CONNECT to its last message. */
export class ClientSessions {
  /** The bridge's own session. It carries WAMP events to MQTT, and publishes messages whose client is unknown. */
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
      if (!this.#stopping) context.fail(new Error(`the WAMP session of the MQTT bridge has ended: ${reason}`));
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

  /** Whether `owner`, as `open` has returned it, is a principal that does not exist any more. */
  isGone(owner: string): boolean {
    return owner.startsWith(PRINCIPAL) && !this.#context.isPrincipal(owner.slice(PRINCIPAL.length));
  }

  /**
   * Opens the WAMP session of a client. Resolves with the owner of its broker session. Rejects with `MqttRefusal` if it
   * is refused.
   */
  async open(peer: MqttPeer): Promise<string | undefined> {
    if (peer.clientId === this.#config.service)
      throw new MqttRefusal(Refused.Identifier, 'this client id is reserved for the bridge');
    // The client id becomes an authid, which is shown in logs and on the console.
    if (!isPlainText(peer.clientId))
      throw new MqttRefusal(Refused.Identifier, 'the client id contains control, format or unassigned characters');
    if (this.#stopping || this.#context.signal.aborted)
      throw new MqttRefusal(Refused.Unavailable, 'the MQTT bridge is stopping');
    const { principal, proved } = await this.#identify(peer);
    const { authid, authrole, authmethod, authprovider, clientId } = principal;
    const { host, loopback } = peer;
    const unproved = proved ? {} : { address: host, loopback };
    const owner: Owner = { authid, authrole, authmethod, authprovider, clientId, ...unproved };
    const identity = { authid, authrole, principal, address: owner.address, peer: `mqtt ${peer.address}` };
    const session = await this.#context.join(identity);
    this.#clients.set(peer, { session, quotaKey: ownerQuotaKey(owner), owner });
    void session.closed.then(reason => {
      // If the router ends the session, the client is disconnected.
      if (this.#clients.delete(peer)) peer.disconnect(`its WAMP session has ended: ${reason}`);
    });
    // An unauthenticated client may use any user name, so its owner must differ from that of a principal.
    if (proved) return `${PRINCIPAL}${authid}`;
    // lint-words: allow the prefix of an owner in stored records
    return peer.username === undefined ? undefined : `stranger/${peer.username}`;
  }

  /** Rejects with `MqttRefusal`. */
  async #identify(peer: MqttPeer): Promise<Admitted> {
    const { clientId, username, password, certificate, host, loopback, addressHint } = peer;
    const shown = { username, password, clientId, certificate, address: host, loopback, addressHint };
    const policy = { anonymous: this.#config.anonymous, role: DEVICE_ROLE };
    const found = await this.#context.identify(shown, policy);
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

  /** Ends all sessions. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const sessions = [this.service, ...[...this.#clients.values()].map(({ session }) => session)];
    this.#clients.clear();
    await Promise.all(sessions.map(session => session.leave()));
  }
}
