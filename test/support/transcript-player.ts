import assert from 'node:assert/strict';
import type { Dialogue, Step } from './transcript.ts';
import { type Bindings, filledIn, matchesPattern } from './transcript-pattern.ts';

/** A client's end of a connection, in lists as JSON has them. */
export interface TranscriptPeer {
  send(list: readonly unknown[]): void;
  /** Loses the link; resolves when the router has noticed. */
  drop(): Promise<void>;
  /** The next thing heard, or `closed`; rejects where nothing comes. */
  next(): Promise<readonly unknown[] | 'closed'>;
  /** What has been heard and not been taken. */
  readonly waiting: readonly unknown[];
}

/** Where a dialogue is played: around the pure router, or over sockets. */
export interface TranscriptPlayback {
  connect(name: string): Promise<TranscriptPeer>;
  /** Resolves when all that was said has been handled, and all that follows from it has been heard. */
  settle(): Promise<void>;
  advance(milliseconds: number): void;
  startMeta(): Promise<void>;
  shutDown(): void;
  revoke(session: number, subscription: number, reason: string | undefined): void;
  /** What the router still holds: subscriptions, registrations, calls, timers of calls. */
  readonly holdings: readonly number[];
}

const ROLES = { publisher: {}, subscriber: {}, caller: {}, callee: {} };

/** Plays a dialogue; an `AssertionError` names the line that did not come true. */
export class TranscriptPlayer {
  readonly #playback: TranscriptPlayback;
  readonly #file: string;
  readonly #peers = new Map<string, TranscriptPeer>();
  readonly #bindings: Bindings = new Map();
  #speaker = '';

  constructor(playback: TranscriptPlayback, file: string) {
    this.#playback = playback;
    this.#file = file;
  }

  async play(dialogue: Dialogue): Promise<void> {
    for (const step of dialogue.steps) await this.#step(step);
    await this.#quiet(dialogue.steps.at(-1)?.line ?? 0);
  }

  async #step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'join':
        return await this.#join(step.peer, step.details, step.line);
      case 'send':
        return await this.#send(
          step.peer,
          step.list.map(item => filledIn(item, this.#bindings)),
        );
      case 'expect':
        return await this.#expect(step.peer, step.pattern, step.line);
      case 'drop':
        await this.#playback.settle();
        return await (await this.#peer(step.peer)).drop();
      case 'closed':
        return await this.#expect(step.peer, 'closed', step.line);
      case 'advance':
        await this.#playback.settle();
        return this.#playback.advance(step.milliseconds);
      case 'revoke':
        await this.#playback.settle();
        return this.#playback.revoke(step.session, step.subscription, step.reason);
      case 'meta':
        return await this.#playback.startMeta();
      case 'shutdown':
        await this.#playback.settle();
        return this.#playback.shutDown();
      case 'quiet':
        return await this.#quiet(step.line);
      case 'empty':
        await this.#playback.settle();
        assert.deepEqual(this.#playback.holdings, [0, 0, 0], `${this.#file}:${step.line}: something is left`);
    }
  }

  async #join(name: string, details: Record<string, unknown>, line: number): Promise<void> {
    await this.#send(name, [1, 'realm1', { roles: ROLES, ...details }]);
    const answer = await (await this.#peer(name)).next();
    const welcomed = answer !== 'closed' && answer[0] === 2;
    assert.ok(welcomed, `${this.#file}:${line}: ${name} was not welcomed: ${JSON.stringify(answer)}`);
  }

  // Two links are not in order with each other: what another peer said before has to be through.
  async #send(name: string, list: readonly unknown[]): Promise<void> {
    const peer = await this.#peer(name);
    if (this.#speaker !== name) await this.#playback.settle();
    this.#speaker = name;
    peer.send(list);
  }

  async #expect(name: string, pattern: unknown, line: number): Promise<void> {
    const peer = await this.#peer(name);
    const where = `${this.#file}:${line}`;
    const heard = await peer.next().catch((error: unknown) => {
      assert.fail(`${where}: ${name} heard nothing where ${JSON.stringify(pattern)} was due (${String(error)})`);
    });
    if (matchesPattern(pattern, heard, this.#bindings)) return;
    assert.deepEqual(heard, pattern, `${where}: ${name} heard something else: ${JSON.stringify(heard)}`);
    assert.fail(`${where}: ${name} heard ${JSON.stringify(heard)}`);
  }

  async #quiet(line: number): Promise<void> {
    await this.#playback.settle();
    for (const [name, peer] of this.#peers) {
      assert.deepEqual(peer.waiting, [], `${this.#file}:${line}: ${name} heard more than the lines above say`);
    }
  }

  async #peer(name: string): Promise<TranscriptPeer> {
    const known = this.#peers.get(name);
    if (known !== undefined) return known;
    const made = await this.#playback.connect(name);
    this.#peers.set(name, made);
    return made;
  }
}
