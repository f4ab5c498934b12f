import type { Clock } from '../../../src/base/clock.ts';
import type { Logger } from '../../../src/base/logger.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import type { MatchPolicy } from '../../../src/wamp/uri.ts';
import { RefusalLog } from '../report/refusal-log.ts';
import { TemplateError } from '../rules/template.ts';
import type { MqttMessage, MqttPeer, MqttSource } from '../source/mqtt-source.ts';
import type { LevelSpelling } from '../topics/level-spelling.ts';
import { AwaitedAnswers } from './awaited-answers.ts';
import type { CallScheme } from './call-scheme.ts';
import { DeviceCallee, type DeviceCalleeDependencies, type PendingCall } from './device-callee.ts';
import { DeviceCaller } from './device-caller.ts';
import type { CallPreset } from './schemes.ts';
import { SharedCallees } from './shared-callees.ts';
import { type Names, TopicPattern } from './topic-pattern.ts';

/** Pending calls of all devices of an external broker. */
const MANY = 256;
/** Shared callees for one client. The bridge's own session registers them, and its registrations are limited. */
const MAX_SHARED = 100;

export interface CallsDependencies {
  readonly presets: readonly CallPreset[];
  /** The URI prefix of the bridge, which ends in a dot. */
  readonly prefix: string;
  readonly spelling: LevelSpelling;
  readonly clock: Clock;
  readonly log: Logger;
  /** The bridge's own session. It registers devices that are not named by a client id. */
  readonly service: JoinedSession;
  /** Whether the role of a client may register a pattern. */
  mayRegister(session: JoinedSession, topic: string, match: MatchPolicy): boolean;
}

/**
 * The result of checking a message: `mine`, a call or an answer of this client; `answer`, which any client with the
 * right to publish may send; `forbidden`, in the name of another client; `none`, an ordinary message.
 */
export type Claim = 'mine' | 'answer' | 'forbidden' | 'none';

interface Listen {
  readonly scheme: CallScheme;
  readonly pattern: TopicPattern;
  /** Whether a client id names the device: then calls go to that client, and only that client may answer. */
  readonly bound: boolean;
}

/** The callees and the caller of one connected client. */
interface Device {
  readonly peer: MqttPeer;
  readonly session: JoinedSession;
  /** By the filter whose subscription made them. */
  readonly callees: Map<string, readonly DeviceCallee[]>;
  /** Keys of the shared callees for which the client listens, by filter. */
  readonly shared: Map<string, readonly string[]>;
  readonly callers: readonly DeviceCaller[];
}

/** Calls between devices and the realm in both directions, by schemes that are data. */
export class Calls {
  readonly #dependencies: CallsDependencies;
  readonly #listens: readonly Listen[];
  /** The topic prefixes of calls and answers. */
  readonly #heads: readonly string[];
  readonly #devices = new Map<MqttPeer, Device>();
  readonly #shared = new SharedCallees();
  readonly #refusals: RefusalLog;
  /** For devices that are not known by their connections. */
  #everywhere: readonly DeviceCallee[] = [];
  readonly #awaited = new AwaitedAnswers<PendingCall>();

  constructor(dependencies: CallsDependencies) {
    this.#dependencies = dependencies;
    this.#refusals = new RefusalLog(dependencies.log, 'MQTT client cannot be called');
    const callees = dependencies.presets.flatMap(preset => preset.callees);
    const callers = dependencies.presets.flatMap(preset => preset.callers);
    this.#listens = callees.map(scheme => ({
      scheme,
      pattern: new TopicPattern(scheme.listen),
      bound: isBound(scheme),
    }));
    const topics = [
      ...callees.flatMap(({ response }) =>
        [response?.topic ?? [], response?.errorTopic ?? [], response?.progressTopic ?? []].flat(),
      ),
      ...callers.map(({ request }) => request),
    ];
    this.#heads = [...new Set(topics.map(topic => new TopicPattern(topic).head))];
  }

  /**
   * Accepts calls for devices of a broker that does not report its clients: only an answer shows that a device is
   * present. Schemes that name a device by its client id are excluded.
   */
  async open(session: JoinedSession, source: MqttSource): Promise<void> {
    const { prefix, spelling, clock } = this.#dependencies;
    const send: DeviceCalleeDependencies['send'] = publication => {
      if (source.isConnected) source.publish(publication);
      return source.isConnected;
    };
    const awaited = this.#awaited;
    this.#everywhere = this.#listens
      .filter(({ bound }) => !bound)
      // Each device has its own queue, and none of them is known in advance.
      .map(({ scheme }) => ({ ...scheme, inFlight: MANY }))
      .map(scheme => new DeviceCallee({ scheme, known: {}, prefix, spelling, session, clock, awaited, send }));
    await Promise.all(this.#everywhere.map(callee => callee.open()));
  }

  connected(peer: MqttPeer, session: JoinedSession, source: MqttSource): void {
    const { clientId } = peer;
    const send: DeviceCalleeDependencies['send'] = publication => source.publishTo(peer, publication);
    const schemes = this.#dependencies.presets.flatMap(preset => preset.callers);
    const callers = schemes.map(scheme => new DeviceCaller({ scheme, clientId, session, send }));
    this.#devices.set(peer, { peer, session, callees: new Map(), shared: new Map(), callers });
  }

  subscribed(peer: MqttPeer, filter: string, source: MqttSource): void {
    const device = this.#devices.get(peer);
    if (device === undefined || device.callees.has(filter) || device.shared.has(filter)) return;
    const callees: DeviceCallee[] = [];
    const shared: string[] = [];
    for (const [index, { scheme, pattern, bound }] of this.#listens.entries()) {
      const names = pattern.match(filter);
      if (names === undefined) continue;
      const callee = this.#guarded(device, scheme, () =>
        bound ? this.#boundCallee(device, scheme, names, source) : this.#sharedCallee(scheme, names, source),
      );
      if (callee === undefined) continue;
      if (bound) {
        this.#opened(device, scheme, callee.open());
        callees.push(callee);
      } else if (this.#counts(device, `${index} ${filter}`, scheme, callee)) shared.push(`${index} ${filter}`);
    }
    if (callees.length > 0) device.callees.set(filter, callees);
    if (shared.length > 0) device.shared.set(filter, shared);
  }

  unsubscribed(peer: MqttPeer, filter: string): void {
    const device = this.#devices.get(peer);
    for (const callee of device?.callees.get(filter) ?? []) void callee.close();
    for (const key of device?.shared.get(filter) ?? []) this.#shared.leave(key, peer);
    device?.callees.delete(filter);
    device?.shared.delete(filter);
  }

  disconnected(peer: MqttPeer): void {
    const device = this.#devices.get(peer);
    this.#devices.delete(peer);
    for (const callee of [...(device?.callees.values() ?? [])].flat()) void callee.close();
    for (const key of [...(device?.shared.values() ?? [])].flat()) this.#shared.leave(key, peer);
    for (const caller of device?.callers ?? []) caller.close();
  }

  /** Consumes a message that is a call or an answer of this client. It is not passed on. */
  claim(message: MqttMessage, peer: MqttPeer | undefined): Claim {
    const { topic, payload } = message;
    if (!this.#heads.some(head => topic.startsWith(head))) return 'none';
    if (peer === undefined) return claimBy(this.#everywhere, topic, payload);
    const device = this.#devices.get(peer);
    if (device === undefined) return 'none';
    for (const caller of device.callers) {
      const claim = caller.tryHandle(message);
      if (claim !== 'none') return claim;
    }
    for (const callees of device.callees.values()) if (claimBy(callees, topic, payload) === 'mine') return 'mine';
    return this.#shared.size > 0 && this.#shared.claims(topic) ? 'answer' : 'none';
  }

  /** The role of a client may publish a message. If it is an answer, the pending call is answered. */
  accepted({ topic, payload }: MqttMessage, peer: MqttPeer): void {
    if (this.#shared.size > 0) this.#shared.tryAnswer(topic, payload, peer);
  }

  #boundCallee({ peer, session }: Device, scheme: CallScheme, found: Names, source: MqttSource) {
    const { prefix, spelling, clock } = this.#dependencies;
    const { clientId } = peer;
    // A client may listen to the calls of another client, but must not answer them.
    if (found['clientid'] !== undefined && found['clientid'] !== clientId) return undefined;
    const known = { ...found, clientid: clientId };
    const send: DeviceCalleeDependencies['send'] = publication => source.publishTo(peer, publication);
    const awaited = new AwaitedAnswers<PendingCall>();
    return new DeviceCallee({ scheme, known, prefix, spelling, session, clock, awaited, send });
  }

  #sharedCallee(scheme: CallScheme, known: Names, source: MqttSource) {
    const { prefix, spelling, clock, service } = this.#dependencies;
    const send: DeviceCalleeDependencies['send'] = publication => {
      // A call is for connected devices only: at a higher QoS the broker would queue it for absent ones.
      if (source.isConnected) source.publish({ ...publication, qos: 0 });
      return source.isConnected;
    };
    const { awaited } = this.#shared;
    return new DeviceCallee({ scheme, known, prefix, spelling, session: service, clock, awaited, send });
  }

  /** Counts a client as a possible device, if its role may register the device's procedures. */
  #counts(device: Device, key: string, scheme: CallScheme, callee: DeviceCallee): boolean {
    const { peer, session } = device;
    const { pattern } = callee;
    if (pattern === undefined) return false;
    if (!this.#dependencies.mayRegister(session, pattern.topic, pattern.match)) {
      const { topic, match } = pattern;
      this.#refused(peer, scheme, 'its role is not allowed to register the procedures', { uri: topic, match });
      return false;
    }
    if ([...device.shared.values()].flat().length >= MAX_SHARED) {
      this.#refused(peer, scheme, `it listens for more than ${MAX_SHARED} devices that topics name`);
      return false;
    }
    if (this.#shared.has(key)) this.#shared.join(key, peer);
    else this.#opened(device, scheme, this.#shared.open(key, callee, peer));
    return true;
  }

  #opened({ peer }: Device, scheme: CallScheme, opening: Promise<void>): void {
    const fields = { clientId: peer.clientId, listen: scheme.listen };
    opening.then(
      () => this.#dependencies.log.debug(fields, 'MQTT client became callable'),
      (error: unknown) => this.#refused(peer, scheme, String(error)),
    );
  }

  #refused({ address, clientId }: MqttPeer, { listen }: CallScheme, reason: string, details = {}): void {
    this.#refusals.refused(address, clientId, reason, { listen, ...details });
  }

  #guarded({ peer }: Device, scheme: CallScheme, make: () => DeviceCallee | undefined): DeviceCallee | undefined {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#refused(peer, scheme, error.message);
      return undefined;
    }
  }
}

function isBound({ listen, procedure, request }: CallScheme): boolean {
  return `${listen} ${procedure} ${request.topic}`.includes('{clientid}');
}

/** Each callee receives it, because one answer may match several. */
function claimBy(callees: readonly DeviceCallee[], topic: string, payload: Uint8Array): Claim {
  let claim: Claim = 'none';
  for (const callee of callees) {
    callee.tryAnswer(topic, payload);
    if (callee.claims(topic)) claim = 'mine';
  }
  return claim;
}
