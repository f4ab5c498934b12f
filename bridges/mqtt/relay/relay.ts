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
import { MappingRule } from '../rules/rule.ts';
import { type MappingRoute, RuleBook } from '../rules/rule-book.ts';
import type { MessageVerdict, MqttMessage, MqttPeer, MqttSink, MqttSource } from '../source/mqtt-source.ts';
import { FilterMap } from '../topics/filter-map.ts';
import { levelSpellings } from '../topics/level-spelling.ts';
import { propertiesOfOrigin } from '../topics/origin.ts';
import { TopicMap } from '../topics/topic-map.ts';
import { MqttInbound } from './inbound.ts';
import { Replays, type ReplayVerdict } from './replays.ts';

export type RelayConfig = MappingConfig & ClientSessionsConfig & { readonly presence: boolean };

/**
 * Between an MQTT source and the realm. Each MQTT client is a session of its own, so that its events come from it; the
 * bridge's own session carries WAMP events to MQTT. What is mapped to what, the rules of the configuration say.
 */
export class Relay implements MqttSink {
  readonly #config: RelayConfig;
  readonly #context: BridgeContext;
  readonly #drops: DropCounter;
  readonly #sessions: ClientSessions;
  readonly #rules: RuleBook;
  readonly #mirror: MappingRule;
  readonly #filters: FilterMap;
  readonly #problems: ProblemReport;
  readonly #calls: Calls;
  readonly #presence: Presence | undefined;
  readonly #discovery: Discovery | undefined;
  readonly #inbound: MqttInbound;
  readonly #replays: Replays;
  readonly #refusals: RefusalLog;
  #source: MqttSource | undefined;
  /** Of the event that came last: it may come by several subscriptions, one after the other. */
  #lastPublication: number | undefined;

  private constructor(config: RelayConfig, context: BridgeContext, drops: DropCounter, sessions: ClientSessions) {
    const { rules, mirror, prefix, uris, errors, presence, discovery, service } = config;
    const { clock, log } = context;
    const spelling = levelSpellings[uris];
    this.#config = config;
    this.#context = context;
    this.#drops = drops;
    this.#sessions = sessions;
    this.#rules = new RuleBook(rules, mirror ? prefix : undefined, uris);
    this.#mirror = MappingRule.mirror();
    this.#filters = new FilterMap(prefix, spelling);
    this.#refusals = new RefusalLog(log, undefined, context.refusals);
    this.#problems = new ProblemReport(sessions.service, errors, clock);
    this.#calls = new Calls({
      ...{ presets: presetsOf(config), prefix, spelling, clock, log, service: sessions.service },
      mayRegister: (session, topic, match) => context.permits(session, 'register', topic, match),
    });
    const topics = new TopicMap(prefix, uris);
    this.#presence = presence ? new Presence(sessions.service, prefix, spelling, clock) : undefined;
    this.#discovery =
      discovery === false ? undefined : new Discovery(discovery, topic => this.#rules.ofTopic(topic)?.to);
    this.#inbound = new MqttInbound({
      ...{ context, service, sessions, drops, topics },
      rules: this.#rules,
      calls: this.#calls,
      discovery: this.#discovery,
      problems: this.#problems,
    });
    this.#replays = new Replays({ context, inbound: this.#inbound, anonymous: config.anonymous });
  }

  static async join(config: RelayConfig, context: BridgeContext, drops: DropCounter): Promise<Relay> {
    return new Relay(config, context, drops, await ClientSessions.join(config, context));
  }

  /** Starts carrying WAMP events to `source`. */
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

  /** Publishes to the source what the realm retains: to a broker that has forgotten it, or has never known. */
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

  /** Takes calls for the devices of a broker that does not tell who they are. */
  async takeCalls(): Promise<void> {
    if (this.#source !== undefined) await this.#calls.open(this.#sessions.service, this.#source);
  }

  /** Ends every session. The source is closed before, so that no message comes any more. */
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

  /** What a source has kept is on the realm too: there is one truth. What the bridge itself retained on MQTT stays there. */
  replay(message: MqttMessage, owner: Owner | undefined): Promise<ReplayVerdict> {
    if (owner?.authid === this.#config.service) return Promise.resolve('pass');
    return this.#replays.replay(message, owner);
  }

  evicted(topic: string): void {
    this.#inbound.retainedNoMore(topic);
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
    // SUBACK cannot say why.
    const { uri, match } = refused;
    this.#refusals.refused(peer.address, peer.clientId, 'its role may not subscribe all that a filter matches', {
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
    return this.#inbound.message(message, peer);
  }

  async #openDiscovery(): Promise<void> {
    try {
      await this.#discovery?.open(this.#sessions.service);
    } catch (error) {
      // Another MQTT bridge answers already; what comes by this one, it does not know.
      if (!(error instanceof WampError) || error.uri !== ErrorUri.ProcedureAlreadyExists) throw error;
      this.#context.log.warn(
        { hint: 'discovery: false in one of them' },
        'two MQTT bridges read what devices announce',
      );
    }
  }

  #event({ topic: uri, publication, payload, details }: WampEvent): void {
    // One event for each subscription that matches, all of a publication in a row. [basic/publish_subscribe]
    if (publication === this.#lastPublication) return;
    this.#lastPublication = publication;
    const route = this.#rules.ofUri(uri);
    if (route === undefined) {
      // Of a pattern that takes in more than its rule, or no topic's spelling.
      if (uri.startsWith(this.#config.prefix)) this.#drops.add('the URI stands for no MQTT topic', { uri });
      return;
    }
    const { to: topic, rule = this.#mirror } = route;
    if (topic === undefined) return;
    const mapped = rule.toMqtt(payload);
    if (mapped.problem !== undefined) {
      if (route.rule === undefined) this.#drops.add('the arguments have no JSON', { uri });
      this.#problems.add({ uri, ...ofRule(route), problem: mapped.problem });
    }
    if (mapped.payload === undefined) return;
    // Announced or taken back by a WAMP client, it is the same for MQTT clients.
    this.#discovery?.read({ topic, payload: mapped.payload });
    const { qos, retain } = this.#config.publish;
    const kept = rule.retain === 'keep' ? retain : rule.retain;
    // `false` keeps the sides apart; otherwise an empty value is retained on neither.
    const isRetained = kept !== false && this.#isRetained(uri, publication, mapped.payload);
    const retains = kept === true || isRetained;
    if (retains) this.#inbound.retainedNoMore(topic);
    const properties = propertiesOfOrigin(details);
    this.#source?.publish({
      ...(properties !== undefined && { properties }),
      topic,
      payload: mapped.payload,
      qos: rule.qos ?? qos,
      retain: retains,
      owner: retains ? this.#ownerOf(uri, publication) : undefined,
    });
  }

  /** Who published what MQTT retains; the bridge itself, if the realm does not retain it: then a rule wants it on MQTT alone. */
  #ownerOf(uri: string, publication: number): Owner {
    const { service } = this.#config;
    const known = this.#context.retainedPublication(uri) === publication ? this.#context.retainedBy(uri) : undefined;
    return known ?? { authid: service, authrole: 'bridge', authmethod: 'internal', authprovider: 'bridge:mqtt' };
  }

  /**
   * Whether MQTT is to retain an event as the realm does. Retained and empty means forgotten, on MQTT [MQTT-3.3.1-10] and so
   * on the realm, which would retain it.
   */
  #isRetained(uri: string, publication: number, payload: Uint8Array): boolean {
    const retained = this.#context.retainedPublication(uri);
    if (payload.length > 0) return retained === publication;
    if (retained === publication) this.#context.forgetRetained(uri, publication);
    return retained === publication || retained === undefined;
  }
}

function presetsOf({ calls }: RelayConfig) {
  const own = calls.own ? [ownScheme] : [];
  return [...own, ...calls.presets.map(name => presets[name]), { callees: calls.schemes, callers: [] }];
}

function ofRule({ rule }: MappingRoute): { rule?: number } {
  return rule?.index === undefined ? {} : { rule: rule.index };
}
