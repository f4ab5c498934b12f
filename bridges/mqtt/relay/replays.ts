import { errorMessage } from '../../../src/base/error-message.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import type { BridgeContext, Owner } from '../../../src/gateway/bridge/bridge.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { DEVICE_ROLE } from '../clients/client-sessions.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import type { MqttMessage } from '../source/mqtt-source.ts';
import { ownerQuotaKey } from '../source/quota-key.ts';
import type { MessagePublisher } from './message-publisher.ts';

/** Sessions for owners that are open at a time. */
const MAX_SESSIONS = 100;

/**
 * The owner of records of version 0.1, which name none: a client without credentials on this machine. The authid has
 * two URI components, so rules with {authid} or {clientid} never match it.
 */
const UNKNOWN: Owner = {
  authid: 'unknown.owner',
  authrole: DEVICE_ROLE,
  authmethod: 'internal',
  authprovider: 'bridge:mqtt',
  clientId: 'unknown.owner',
  loopback: true,
};

const FORBIDDEN: ReadonlySet<string> = new Set([
  ErrorUri.NotAuthorized,
  ErrorUri.InvalidUri,
  ErrorUri.LimitExceeded,
  ErrorUri.PayloadSizeExceeded,
]);

/** Whether a message of an earlier run is published and stays retained, or is forgotten. */
export type ReplayVerdict = 'pass' | 'forget';

export interface ReplaysDependencies {
  readonly context: BridgeContext;
  readonly publisher: MessagePublisher;
  readonly anonymous: MqttConfig['anonymous'];
}

/**
 * Publishes the wills and retained messages of an earlier run on the realm, each as its owner, by the current roles,
 * rules and limits. A message that its owner may no longer publish is forgotten on MQTT too.
 */
export class Replays {
  readonly #dependencies: ReplaysDependencies;
  /** By owner, in the order of their last use. */
  readonly #sessions = new Map<string, Promise<JoinedSession | { readonly refused: string }>>();
  #forgotten = 0;
  #alone = 0;
  #example: Readonly<Record<string, string>> = {};

  constructor(dependencies: ReplaysDependencies) {
    this.#dependencies = dependencies;
  }

  async replay(message: MqttMessage, owner: Owner | undefined): Promise<ReplayVerdict> {
    const reason = await this.#refusal(message, owner ?? UNKNOWN);
    if (reason === undefined) return 'pass';
    const { error, mayNot } = reason;
    this.#example = { topic: message.topic, reason: error };
    // The permissions of an unknown owner are unknown too, so its message stays retained on MQTT.
    const verdict = mayNot && owner !== undefined ? 'forget' : 'pass';
    if (verdict === 'forget') this.#forgotten += 1;
    else this.#alone += 1;
    return verdict;
  }

  /** Ends the sessions, and logs how many messages were not published. */
  finish(): void {
    for (const opening of this.#sessions.values()) void leave(opening);
    this.#sessions.clear();
    const [forgotten, alone] = [this.#forgotten, this.#alone];
    this.#forgotten = 0;
    this.#alone = 0;
    if (forgotten + alone === 0) return;
    const fields = { forgotten, onMqttAlone: alone, ...this.#example };
    this.#dependencies.context.log.warn(fields, 'messages of an earlier run were not published on the realm');
  }

  async #refusal(
    message: MqttMessage,
    owner: Owner,
  ): Promise<{ readonly error: string; readonly mayNot: boolean } | undefined> {
    const session = await this.#sessionOf(owner);
    if ('refused' in session) return { error: session.refused, mayNot: true };
    try {
      // At QoS 1, so that the verdict of the realm is awaited.
      const publisher = { session, quotaKey: ownerQuotaKey(owner) };
      await this.#dependencies.publisher.publish({ ...message, qos: 1 }, publisher);
      return undefined;
    } catch (error) {
      const mayNot = error instanceof WampError && FORBIDDEN.has(error.uri);
      return { error: errorMessage(error), mayNot };
    }
  }

  #sessionOf(owner: Owner): Promise<JoinedSession | { readonly refused: string }> {
    const key = JSON.stringify(owner);
    const known = this.#sessions.get(key);
    if (known !== undefined) this.#sessions.delete(key);
    const { context, anonymous } = this.#dependencies;
    const opening = known ?? context.joinFor(owner, { anonymous, role: DEVICE_ROLE });
    this.#sessions.set(key, opening);
    if (this.#sessions.size > MAX_SESSIONS) {
      const [[oldest, session] = []] = this.#sessions;
      if (oldest !== undefined) this.#sessions.delete(oldest);
      if (session !== undefined) void leave(session);
    }
    return opening;
  }
}

async function leave(opening: Promise<JoinedSession | { readonly refused: string }>): Promise<void> {
  const session = await opening.catch(() => undefined);
  if (session !== undefined && !('refused' in session)) await session.leave();
}
