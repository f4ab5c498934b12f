import type { Clock } from '../../../src/base/clock.ts';
import type { Logger } from '../../../src/base/logger.ts';
import type { JoinedSession } from '../../../src/client/session-api.ts';
import type { LevelSpelling } from '../level-spelling.ts';
import type { MqttMessage, MqttPeer, MqttSource } from '../mqtt-source.ts';
import { TemplateError } from '../rules/template.ts';
import type { CallScheme } from './call-scheme.ts';
import { DeviceCallee, type DeviceCalleeParts } from './device-callee.ts';
import { DeviceCaller } from './device-caller.ts';
import type { CallPreset } from './schemes.ts';
import { type Names, TopicPattern } from './topic-pattern.ts';

/** Calls of all devices of a broker elsewhere that wait at a time. */
const MANY = 256;

export interface CallsParts {
  readonly presets: readonly CallPreset[];
  /** URI prefix of the bridge, which ends in a dot. */
  readonly prefix: string;
  readonly spelling: LevelSpelling;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What one connected client is called by, and how it calls. */
interface Device {
  readonly peer: MqttPeer;
  readonly session: JoinedSession;
  /** By the filter whose subscription made them. */
  readonly callees: Map<string, readonly DeviceCallee[]>;
  readonly callers: readonly DeviceCaller[];
}

/** Calls between devices and the realm, both ways, by schemes that are data. */
export class Calls {
  readonly #parts: CallsParts;
  readonly #listens: readonly { readonly scheme: CallScheme; readonly pattern: TopicPattern }[];
  /** What the topics of calls and answers begin with. */
  readonly #heads: readonly string[];
  readonly #devices = new Map<MqttPeer, Device>();
  /** For devices that are not known by their connections. */
  #everywhere: readonly DeviceCallee[] = [];

  constructor(parts: CallsParts) {
    this.#parts = parts;
    const callees = parts.presets.flatMap(preset => preset.callees);
    const callers = parts.presets.flatMap(preset => preset.callers);
    this.#listens = callees.map(scheme => ({ scheme, pattern: new TopicPattern(scheme.listen) }));
    const topics = [
      ...callees.flatMap(({ response }) => response?.topic ?? []),
      ...callers.map(({ request }) => request),
    ];
    this.#heads = [...new Set(topics.map(topic => new TopicPattern(topic).head))];
  }

  /**
   * Takes calls for devices of a broker that does not tell who is there: whether one answers, only its answer shows.
   * Schemes that know a device by its client id are left out.
   */
  async open(session: JoinedSession, source: MqttSource): Promise<void> {
    const { prefix, spelling, clock } = this.#parts;
    const send: DeviceCalleeParts['send'] = publication => {
      if (source.isConnected) source.publish(publication);
      return source.isConnected;
    };
    this.#everywhere = this.#listens
      .filter(({ scheme }) => !`${scheme.procedure} ${scheme.request.topic}`.includes('{clientid}'))
      // Each device has its own line, and none of them is known.
      .map(({ scheme }) => ({ ...scheme, inFlight: MANY }))
      .map(scheme => new DeviceCallee({ scheme, known: {}, prefix, spelling, session, clock, send }));
    await Promise.all(this.#everywhere.map(callee => callee.open()));
  }

  connected(peer: MqttPeer, session: JoinedSession, source: MqttSource): void {
    const { clientId } = peer;
    const send: DeviceCalleeParts['send'] = publication => source.publishTo(peer, publication);
    const schemes = this.#parts.presets.flatMap(preset => preset.callers);
    const callers = schemes.map(scheme => new DeviceCaller({ scheme, clientId, session, send }));
    this.#devices.set(peer, { peer, session, callees: new Map(), callers });
  }

  subscribed(peer: MqttPeer, filter: string, source: MqttSource): void {
    const device = this.#devices.get(peer);
    if (device === undefined || device.callees.has(filter)) return;
    const callees = this.#listens.flatMap(({ scheme, pattern }) => {
      const names = pattern.match(filter);
      return names === undefined ? [] : (this.#callee(device, scheme, names, source) ?? []);
    });
    if (callees.length > 0) device.callees.set(filter, callees);
  }

  unsubscribed(peer: MqttPeer, filter: string): void {
    const device = this.#devices.get(peer);
    for (const callee of device?.callees.get(filter) ?? []) callee.close();
    device?.callees.delete(filter);
  }

  disconnected(peer: MqttPeer): void {
    const device = this.#devices.get(peer);
    this.#devices.delete(peer);
    for (const callee of [...(device?.callees.values() ?? [])].flat()) callee.close();
    for (const caller of device?.callers ?? []) caller.close();
  }

  /** Whether a message is a call or an answer, and so nothing to be published on the realm. */
  take(message: MqttMessage, peer: MqttPeer | undefined): boolean {
    const { topic, payload } = message;
    if (!this.#heads.some(head => topic.startsWith(head))) return false;
    if (peer === undefined) return takenBy(this.#everywhere, topic, payload);
    const device = this.#devices.get(peer);
    if (device === undefined) return false;
    for (const caller of device.callers) if (caller.take(message)) return true;
    let taken = false;
    for (const callees of device.callees.values()) if (takenBy(callees, topic, payload)) taken = true;
    return taken;
  }

  #callee(device: Device, scheme: CallScheme, found: Names, source: MqttSource): DeviceCallee | undefined {
    const { peer, session } = device;
    const { prefix, spelling, clock, log } = this.#parts;
    const { clientId } = peer;
    // Whoever listens to another's calls may do so, and does not answer them.
    if (found['clientid'] !== undefined && found['clientid'] !== clientId) return undefined;
    const fields = { clientId, listen: scheme.listen };
    try {
      const known = { ...found, clientid: clientId };
      const send: DeviceCalleeParts['send'] = publication => source.publishTo(peer, publication);
      const callee = new DeviceCallee({ scheme, known, prefix, spelling, session, clock, send });
      callee.open().then(
        () => log.debug(fields, 'MQTT client takes calls'),
        (error: unknown) => log.warn({ ...fields, reason: String(error) }, 'MQTT client cannot be called'),
      );
      return callee;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      log.warn({ ...fields, reason: error.message }, 'MQTT client cannot be called');
      return undefined;
    }
  }
}

/** Each is shown it: one answer may be meant for several. */
function takenBy(callees: readonly DeviceCallee[], topic: string, payload: Uint8Array): boolean {
  let taken = false;
  for (const callee of callees) if (callee.take(topic, payload)) taken = true;
  return taken;
}
