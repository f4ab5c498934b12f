import { errorMessage } from '../../../src/base/error-message.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import type { BridgeContext, Owner } from '../../../src/gateway/bridge/bridge.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { DEVICE_ROLE } from '../clients/client-sessions.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import type { MqttMessage } from '../source/mqtt-source.ts';
import { ownerQuotaKey } from '../source/quota-key.ts';
import type { MqttInbound } from './inbound.ts';

/** Sessions of owners that are open at a time. */
const MAX_SESSIONS = 100;

/**
 * Records that version 0.1 wrote have no owner: they are judged as those of a client without credentials of this machine.
 * The name is no single component of a URI, so rules with {authid} or {clientid} allow it nothing.
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

/** What becomes of a message of an earlier run: MQTT clients get it or keep it retained, or it is forgotten. */
export type ReplayVerdict = 'pass' | 'forget';

export interface ReplaysDependencies {
  readonly context: BridgeContext;
  readonly inbound: MqttInbound;
  readonly anonymous: MqttConfig['anonymous'];
}

/**
 * Publishes on the realm what outlived an earlier run, wills and retained messages: each as its owner, who is judged by the
 * roles, rules and limits of today. What the owner may not publish any more, nobody gets, on MQTT neither.
 */
export class Replays {
  readonly #dependencies: ReplaysDependencies;
  /** By owner; the one used last comes last. */
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
    // Whether an owner that is not known may publish it cannot be said: it stays where it was, among MQTT clients.
    const fate = mayNot && owner !== undefined ? 'forget' : 'pass';
    if (fate === 'forget') this.#forgotten += 1;
    else this.#alone += 1;
    return fate;
  }

  /** Nothing more comes for now: ends the sessions, and says what was not published. */
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
      await this.#dependencies.inbound.replayed(message, { session, quotaKey: ownerQuotaKey(owner) });
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
