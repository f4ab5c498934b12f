import type { Dict } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { asId } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { PublishMessage } from '../../wamp/messages/messages.ts';
import type { Payload } from '../../wamp/payload.ts';
import { payloadSize, valueSize } from '../../wamp/payload-size.ts';
import type { RouterLimits } from '../quota/limits.ts';
import type { MemoryShare } from '../quota/memory-share.ts';
import { changesRetained, discloses, usesPassthru } from '../requests/request-options.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import type { RouterSession } from '../session/session.ts';
import { Audience } from './events/audience.ts';

/** An event that the broker publishes when a session ends. [advanced/pubsub_testament] */
export interface Testament {
  readonly topic: string;
  readonly payload: Payload;
  /** PUBLISH.Options. `acknowledge` and `exclude_me` are ignored. */
  readonly options: Dict;
}

/**
 * When a testament is published. The router does not resume sessions, so both mean the end. [advanced/pubsub_testament]
 */
export type TestamentScope = 'detached' | 'destroyed';

const NONE: readonly PublishMessage[] = Object.freeze([]);

/** Estimated overhead of one testament, in bytes. */
const TESTAMENT_BYTES = 300;

/** The testaments of one session: one list for each scope, in the order of adding. [advanced/pubsub_testament] */
export class Testaments {
  #detached: readonly PublishMessage[] = NONE;
  #destroyed: readonly PublishMessage[] = NONE;

  get size(): number {
    return this.#detached.length + this.#destroyed.length;
  }

  /** `share`: the memory for the testaments of all sessions. */
  add(scope: TestamentScope, message: PublishMessage, limits: RouterLimits, share: MemoryShare): void {
    const own = sizeOf(message);
    const bytes = bytesOf([...this.#detached, ...this.#destroyed]) + own;
    if (this.size >= limits.testamentsPerSession || bytes > limits.testamentBytesPerSession) {
      throw new WampError(ErrorUri.LimitExceeded, [
        `a session may have at most ${limits.testamentsPerSession} testaments with together ${limits.testamentBytesPerSession} bytes`,
      ]);
    }
    if (!share.reserve(own)) {
      throw new WampError(ErrorUri.LimitExceeded, [
        `the testaments of all sessions have reached their limit of ${share.limit} bytes`,
      ]);
    }
    if (scope === 'detached') this.#detached = [...this.#detached, message];
    else this.#destroyed = [...this.#destroyed, message];
  }

  /** Deletes the testaments of one scope. Returns their number. */
  flush(scope: TestamentScope, share: MemoryShare): number {
    const flushed = scope === 'detached' ? this.#detached : this.#destroyed;
    share.release(bytesOf(flushed));
    if (scope === 'detached') this.#detached = NONE;
    else this.#destroyed = NONE;
    return flushed.length;
  }

  /** Removes all testaments. Returns them in the order of publication: detached before destroyed. */
  removeAll(share: MemoryShare): readonly PublishMessage[] {
    const all = [...this.#detached, ...this.#destroyed];
    if (all.length > 0) share.release(bytesOf(all));
    this.#detached = NONE;
    this.#destroyed = NONE;
    return all;
  }
}

/**
 * The PUBLISH of a testament. Throws the `WampError` of a refusal now, because the session cannot receive it at its
 * end.
 */
export function checkedTestament(rules: RealmRules, session: RouterSession, testament: Testament): PublishMessage {
  const { payload, options } = testament;
  const topic = rules.uri(testament.topic, 'exact', session);
  const { disclose, retain } = rules.permit(session, 'publish', topic, 'exact');
  if (retain === false && changesRetained(options)) {
    throw rules.refusal(session, ErrorUri.NotAuthorized, `not allowed to retain events of ${topic}`);
  }
  discloses(options, disclose);
  Audience.of(options);
  if (usesPassthru(options) && !session.features.publisherPassthru) {
    const text = 'the testament has ppt_scheme, but HELLO did not announce payload_passthru_mode';
    throw new WampError(ErrorUri.InvalidArgument, [text]);
  }
  return {
    type: MessageType.Publish,
    request: asId<'request'>(0),
    options: { ...options, acknowledge: false, exclude_me: false },
    topic,
    payload: payload.detach(),
  };
}

function bytesOf(messages: readonly PublishMessage[]): number {
  return messages.reduce((sum, message) => sum + sizeOf(message), 0);
}

function sizeOf({ topic, payload, options }: PublishMessage): number {
  return TESTAMENT_BYTES + topic.length * 2 + payloadSize(payload) + valueSize(options);
}
