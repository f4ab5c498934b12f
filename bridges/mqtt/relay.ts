import type { WampEvent } from '../../src/client/session-api.ts';
import type { BridgeContext } from '../../src/gateway/bridge.ts';
import type { Dict } from '../../src/wamp/dict.ts';
import { ErrorUri, WampError } from '../../src/wamp/errors.ts';
import type { Payload } from '../../src/wamp/payload.ts';
import { Calls } from './calls/calls.ts';
import { ownScheme, presets } from './calls/schemes.ts';
import { registerClientProcedures } from './client-procedures.ts';
import { ClientSessions, type ClientSessionsConfig } from './client-sessions.ts';
import { Discovery } from './discovery/discovery.ts';
import type { DropCounter } from './drop-counter.ts';
import { FilterMap } from './filter-map.ts';
import { levelSpellings } from './level-spelling.ts';
import type { MappingConfig } from './mapping-config.ts';
import type { MqttMessage, MqttPeer, MqttSink, MqttSource } from './mqtt-source.ts';
import { propertiesOfOrigin, withOrigin } from './origin.ts';
import { Presence } from './presence.ts';
import { ProblemReport } from './problem-report.ts';
import { RefusalLog } from './refusal-log.ts';
import { type Mapped, Rule } from './rules/rule.ts';
import { type Route, RuleBook } from './rules/rule-book.ts';

export type RelayConfig = MappingConfig & ClientSessionsConfig & { readonly presence: boolean };

/**
 * Between an MQTT source and the realm. Each MQTT client is a session of its own, so that its events come from it; the
 * bridge's own session carries WAMP events to MQTT. What is mapped to what, the rules of the configuration say.
 */
export class Relay implements MqttSink {
  readonly #config: RelayConfig;
  readonly #options: { readonly plain: Dict; readonly retain: Dict; readonly forget: Dict };
  readonly #context: BridgeContext;
  readonly #drops: DropCounter;
  readonly #sessions: ClientSessions;
  readonly #rules: RuleBook;
  readonly #mirror: Rule;
  readonly #filters: FilterMap;
  readonly #problems: ProblemReport;
  readonly #calls: Calls;
  readonly #presence: Presence | undefined;
  readonly #discovery: Discovery | undefined;
  readonly #refusals: RefusalLog;
  #source: MqttSource | undefined;
  /** Of the event that came last: it may come by several subscriptions, one after the other. */
  #lastPublication: number | undefined;

  private constructor(config: RelayConfig, context: BridgeContext, drops: DropCounter, sessions: ClientSessions) {
    const { rules, mirror, prefix, uris, errors, presence, discovery, service } = config;
    const { clock, log } = context;
    const spelling = levelSpellings[uris];
    this.#config = config;
    // No echo: what a client publishes excludes the bridge's own session, and what is published to a source is not a
    // message from it. By name, for events that name session ids are not recorded. [advanced/pubsub_event_history]
    const plain = Object.freeze({ exclude_authid: [service] });
    this.#options = {
      plain,
      retain: Object.freeze({ ...plain, retain: true }),
      forget: Object.freeze({ ...plain, _retain_clear: true }),
    };
    this.#context = context;
    this.#drops = drops;
    this.#sessions = sessions;
    this.#rules = new RuleBook(rules, mirror ? prefix : undefined, uris);
    this.#mirror = Rule.mirror();
    this.#filters = new FilterMap(prefix, spelling);
    this.#refusals = new RefusalLog(log);
    this.#problems = new ProblemReport(sessions.service, errors, clock);
    this.#calls = new Calls({
      ...{ presets: presetsOf(config), prefix, spelling, clock, log, service: sessions.service },
      mayRegister: (session, topic, match) => context.permits(session, 'register', topic, match),
    });
    this.#presence = presence ? new Presence(sessions.service, prefix, spelling, clock) : undefined;
    this.#discovery =
      discovery === false ? undefined : new Discovery(discovery, topic => this.#rules.ofTopic(topic)?.to);
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
    await this.#bringRetained(source);
    const wanted = this.#rules.subscriptions;
    await Promise.all(
      wanted.map(({ topic, match }) => service.subscribe(topic, event => this.#event(event), { match })),
    );
  }

  /** Publishes to the source what the realm retains: to a broker that has forgotten it, or has never known. */
  async offerRetained(): Promise<void> {
    for (const { topic, match } of this.#rules.subscriptions) {
      const offer = (event: WampEvent): void => {
        if (event.details['retained'] === true) this.#event(event);
      };
      const subscription = await this.#sessions.service.subscribe(topic, offer, {
        match,
        options: { get_retained: true },
      });
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

  message(message: MqttMessage, peer: MqttPeer | undefined): Promise<void> | undefined {
    const claim = this.#calls.take(message, peer);
    if (claim === 'mine' || claim === 'forbidden') return undefined;
    if (peer !== undefined) this.#calls.accepted(message, peer);
    if (claim === 'answer') return undefined;
    this.#discovery?.read(message);
    const route = this.#rules.ofTopic(message.topic);
    if (route?.to === undefined) return this.#keptFromOthers(message.topic, peer);
    const session = peer === undefined ? this.#sessions.service : this.#sessions.of(peer);
    if (session === undefined) return Promise.reject(new Error('the client has no WAMP session any more'));
    const { payload } = this.#read(route, message);
    if (payload === undefined) return undefined;
    // What may not be published is not passed on to other clients either: it waits until the realm has said so.
    const acknowledge = message.qos > 0 || !this.#context.permits(session, 'publish', route.to, 'exact');
    const published = session.publish(route.to, {
      acknowledge,
      options: withOrigin(this.#optionsFor(route, message), message),
      payload,
    });
    if (acknowledge) return published.then(() => undefined);
    published.catch(() => this.#drops.add('the session is over', { topic: message.topic }));
    return undefined;
  }

  /** What begins with `$` stays among MQTT clients, and is no way around what a client may do. */
  #keptFromOthers(topic: string, peer: MqttPeer | undefined): Promise<never> | undefined {
    const session = peer === undefined ? undefined : this.#sessions.of(peer);
    if (session === undefined || !topic.startsWith('$')) return undefined;
    const patterns = this.#filters.patternsOf(topic);
    if (patterns.every(({ uri, match }) => this.#context.permits(session, 'publish', uri, match))) return undefined;
    return Promise.reject(new WampError(ErrorUri.NotAuthorized, [`not allowed to publish ${topic}`]));
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

  /** What the source has retained, on the realm too: there is one truth. */
  async #bringRetained(source: MqttSource): Promise<void> {
    for (const publication of await source.retained('#')) {
      const message = { ...publication, retain: true, dup: false, receivedAt: this.#context.clock.now() };
      await this.message(message, undefined);
    }
  }

  #read(route: Route, { topic, payload }: MqttMessage): Mapped<Payload> {
    const mapped = (route.rule ?? this.#mirror).toWamp(payload);
    if (mapped.problem !== undefined) this.#problems.add({ topic, ...ofRule(route), problem: mapped.problem });
    return mapped;
  }

  /** An empty retained message takes back what is retained. [MQTT-3.3.1-10] */
  #optionsFor({ rule }: Route, { retain, payload }: MqttMessage): Dict {
    const kept = rule === undefined || rule.retain === 'keep' ? retain : rule.retain;
    if (!kept) return this.#options.plain;
    return payload.length === 0 ? this.#options.forget : this.#options.retain;
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
    const { qos, retain } = this.#config.publish;
    const kept = rule.retain === 'keep' ? retain : rule.retain;
    const properties = propertiesOfOrigin(details);
    this.#source?.publish({
      ...(properties !== undefined && { properties }),
      topic,
      payload: mapped.payload,
      qos: rule.qos ?? qos,
      retain: kept === 'keep' ? this.#isRetained(uri, publication, mapped.payload) : kept,
    });
  }

  /** Whether the realm retains this very event, or, where it is empty, nothing any more: then MQTT shall not either. */
  #isRetained(uri: string, publication: number, payload: Uint8Array): boolean {
    const retained = this.#context.retainedPublication(uri);
    return retained === publication || (payload.length === 0 && retained === undefined);
  }
}

function presetsOf({ calls }: RelayConfig) {
  const own = calls.own ? [ownScheme] : [];
  return [...own, ...calls.presets.map(name => presets[name]), { callees: calls.schemes, callers: [] }];
}

function ofRule({ rule }: Route): { rule?: number } {
  return rule?.index === undefined ? {} : { rule: rule.index };
}
