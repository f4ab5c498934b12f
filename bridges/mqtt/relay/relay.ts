import { retainedEventsSent } from '../../../src/client/api/retained-events.ts';
import type { WampEvent } from '../../../src/client/api/session-api.ts';
import type { BridgeContext, Owner } from '../../../src/gateway/bridge/bridge.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { Calls } from '../calls/calls.ts';
import { ownScheme, presets } from '../calls/schemes.ts';
import { registerClientProcedures } from '../clients/client-procedures.ts';
import { ClientSessions, type ClientSessionsConfig } from '../clients/client-sessions.ts';
import { Presence } from '../clients/presence.ts';
import type { MappingConfig } from '../config/mapping-config.ts';
import { Discovery } from '../discovery/discovery.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import { ProblemReport } from '../report/problem-report.ts';
import { RefusalLog } from '../report/refusal-log.ts';
import { RuleBook } from '../rules/rule-book.ts';
import type { MessageVerdict, MqttMessage, MqttPeer, MqttSink, MqttSource } from '../source/mqtt-source.ts';
import { FilterMap } from '../topics/filter-map.ts';
import { levelSpellings } from '../topics/level-spelling.ts';
import { TopicMap } from '../topics/topic-map.ts';
import { EventMapping } from './event-mapping.ts';
import { MessageDispatch } from './message-dispatch.ts';
import { MessageMapping } from './message-mapping.ts';
import { MessagePublisher } from './message-publisher.ts';
import { Replays, type ReplayVerdict } from './replays.ts';

export type RelayConfig = MappingConfig & ClientSessionsConfig & { readonly presence: boolean };

/**
 * Carries messages between an MQTT source and the realm. Each MQTT client has a WAMP session of its own, so that its
 * publications come from it. The bridge's own session carries WAMP events to MQTT.
 */
export class Relay implements MqttSink {
  readonly #config: RelayConfig;
  readonly #context: BridgeContext;
  readonly #sessions: ClientSessions;
  readonly #rules: RuleBook;
  readonly #filters: FilterMap;
  readonly #problems: ProblemReport;
  readonly #calls: Calls;
  readonly #presence: Presence | undefined;
  readonly #discovery: Discovery | undefined;
  readonly #publisher: MessagePublisher;
  readonly #dispatch: MessageDispatch;
  readonly #events: EventMapping;
  readonly #replays: Replays;
  readonly #refusals: RefusalLog;
  #source: MqttSource | undefined;
  /**
   * The publication of the last event: the bridge may receive an event once for each of its subscriptions, in a row.
   */
  #lastPublication: number | undefined;

  private constructor(config: RelayConfig, context: BridgeContext, drops: DropCounter, sessions: ClientSessions) {
    const { rules, mirror, prefix, uris, errors, presence, discovery } = config;
    const { clock, log, refusals } = context;
    const { service } = sessions;
    const spelling = levelSpellings[uris];
    this.#config = config;
    this.#context = context;
    this.#sessions = sessions;
    this.#rules = new RuleBook(rules, mirror ? prefix : undefined, uris);
    this.#filters = new FilterMap(prefix, spelling);
    this.#refusals = new RefusalLog(log, undefined, refusals);
    this.#problems = new ProblemReport(service, errors, clock);
    this.#calls = new Calls({
      ...{ presets: presetsOf(config), prefix, spelling, clock, log, service },
      mayRegister: (session, topic, match) => context.permits(session, 'register', topic, match),
    });
    this.#presence = presence ? new Presence(service, prefix, spelling, clock) : undefined;
    this.#discovery =
      discovery === false ? undefined : new Discovery(discovery, topic => this.#rules.ofTopic(topic)?.to);
    const reports = { drops, problems: this.#problems };
    const mapping = new MessageMapping(this.#rules, new TopicMap(prefix, uris), config.service);
    this.#events = new EventMapping({ context, rules: this.#rules, config, ...reports });
    this.#publisher = new MessagePublisher({ context, mapping, service, discovery: this.#discovery, ...reports });
    this.#dispatch = new MessageDispatch({
      ...{ sessions, mapping, drops, log, refusals },
      calls: this.#calls,
      publisher: this.#publisher,
    });
    this.#replays = new Replays({ context, publisher: this.#publisher, anonymous: config.anonymous });
  }

  static async join(config: RelayConfig, context: BridgeContext, drops: DropCounter): Promise<Relay> {
    return new Relay(config, context, drops, await ClientSessions.join(config, context));
  }

  /** Starts to carry WAMP events to `source`. */
  async connect(source: MqttSource): Promise<void> {
    this.#source = source;
    const { service } = this.#sessions;
    await this.#openDiscovery();
    if (this.#presence !== undefined) await registerClientProcedures(service, this.#presence);
    const wanted = this.#rules.subscriptions;
    await Promise.all(
      wanted.map(({ topic, match }) => service.subscribe(topic, event => this.#event(event), { match })),
    );
  }

  /** Publishes the retained events of the realm to a broker elsewhere that does not have them. */
  async offerRetained(): Promise<void> {
    const { service } = this.#sessions;
    for (const { topic, match } of this.#rules.subscriptions) {
      const offer = (event: WampEvent): void => {
        if (event.details['retained'] === true) this.#event(event);
      };
      const subscription = await service.subscribe(topic, offer, { match, options: { get_retained: true } });
      await retainedEventsSent(service, topic, match);
      await subscription.unsubscribe();
    }
  }

  /** Registers procedures for the devices of a broker elsewhere, whose clients are not known. */
  async openCalls(): Promise<void> {
    if (this.#source !== undefined) await this.#calls.open(this.#sessions.service, this.#source);
  }

  /** Ends all sessions. The source has to be closed before. */
  async stop(): Promise<void> {
    this.#problems.stop();
    await this.#sessions.stop();
  }

  async connecting(peer: MqttPeer): Promise<string | undefined> {
    const owner = await this.#sessions.open(peer);
    this.#presence?.coming(peer);
    return owner;
  }

  ownerOf(peer: MqttPeer): Owner | undefined {
    return this.#sessions.ownerOf(peer);
  }

  isRemoved({ authid, authmethod, authprovider }: Owner): boolean {
    return authprovider === 'static' && authmethod !== 'anonymous' && !this.#context.isPrincipal(authid);
  }

  isGone(owner: string): boolean {
    return this.#sessions.isGone(owner);
  }

  /**
   * Retained messages and wills of an earlier run are published on the realm, except those that the bridge has retained
   * itself.
   */
  replay(message: MqttMessage, owner: Owner | undefined): Promise<ReplayVerdict> {
    if (owner?.authid === this.#config.service) return Promise.resolve('pass');
    return this.#replays.replay(message, owner);
  }

  evicted(topic: string): void {
    this.#publisher.releaseRetained(topic);
  }

  replayed(): void {
    this.#replays.finish();
  }

  maySubscribe(peer: MqttPeer, filter: string): boolean {
    const session = this.#sessions.of(peer);
    if (session === undefined) return false;
    const refused = this.#filters
      .patternsOf(filter)
      .find(({ uri, match }) => !this.#context.permits(session, 'subscribe', uri, match));
    if (refused === undefined) return true;
    // SUBACK has no field for the reason, so it is logged.
    const { uri, match } = refused;
    this.#refusals.refused(peer.address, peer.clientId, 'its role may not subscribe all topics of the filter', {
      ...{ filter, uri, match },
    });
    return false;
  }

  connected(peer: MqttPeer): void {
    const session = this.#sessions.of(peer);
    if (session === undefined || this.#source === undefined) return;
    this.#calls.connected(peer, session, this.#source);
    this.#presence?.connected(peer);
  }

  subscribed(peer: MqttPeer, filter: string): void {
    if (this.#source !== undefined) this.#calls.subscribed(peer, filter, this.#source);
  }

  unsubscribed(peer: MqttPeer, filter: string): void {
    this.#calls.unsubscribed(peer, filter);
  }

  disconnected(peer: MqttPeer): void {
    this.#calls.disconnected(peer);
    this.#presence?.disconnected(peer, 'disconnected');
    this.#sessions.close(peer);
  }

  failed(error: unknown): void {
    this.#context.fail(error);
  }

  message(message: MqttMessage, peer: MqttPeer | undefined): MessageVerdict | Promise<MessageVerdict> {
    return this.#dispatch.message(message, peer);
  }

  async #openDiscovery(): Promise<void> {
    try {
      await this.#discovery?.open(this.#sessions.service);
    } catch (error) {
      // Another MQTT bridge has registered the procedures. It does not know the devices of this bridge.
      if (!(error instanceof WampError) || error.uri !== ErrorUri.ProcedureAlreadyExists) throw error;
      this.#context.log.warn(
        { hint: 'discovery: false in one of them' },
        'device discovery is active in two MQTT bridges; the procedures list the devices of the first one',
      );
    }
  }

  #event(event: WampEvent): void {
    // A publication that matches several subscriptions comes as several events in a row. [basic/publish_subscribe]
    if (event.publication === this.#lastPublication) return;
    this.#lastPublication = event.publication;
    const publication = this.#events.publicationOf(event);
    if (publication === undefined) return;
    // A WAMP client may announce a device too.
    this.#discovery?.read(publication);
    if (publication.retain) this.#publisher.releaseRetained(publication.topic);
    this.#source?.publish(publication);
  }
}

function presetsOf({ calls }: RelayConfig) {
  const own = calls.own ? [ownScheme] : [];
  return [...own, ...calls.presets.map(name => presets[name]), { callees: calls.schemes, callers: [] }];
}
