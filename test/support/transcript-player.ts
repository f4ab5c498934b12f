import assert from 'node:assert/strict';
import type { Dialogue, Step } from './transcript.ts';
import { type Bindings, filledIn, matchesPattern } from './transcript-pattern.ts';

/** A client's end of a connection, with messages as JSON lists. */
export interface TranscriptPeer {
  send(list: readonly unknown[]): void;
  /** Drops the link. Resolves when the router has noticed. */
  drop(): Promise<void>;
  /** The next received message, or `closed`. Rejects if none arrives. */
  next(): Promise<readonly unknown[] | 'closed'>;
  /** Received messages that have not been read. */
  readonly waiting: readonly unknown[];
}

/** The environment of a dialogue: the pure router, or a router behind sockets. */
export interface TranscriptPlayback {
  connect(name: string): Promise<TranscriptPeer>;
  /** Resolves when all sent messages have been handled and their effects have been received. */
  settle(): Promise<void>;
  advance(milliseconds: number): void;
  startMeta(): Promise<void>;
  shutDown(): void;
  revoke(session: number, subscription: number, reason: string | undefined): void;
  /** The remaining entries of the router: subscriptions, registrations, calls, timers of calls. */
  readonly holdings: readonly number[];
}

const ROLES = { publisher: {}, subscriber: {}, caller: {}, callee: {} };

/** Plays a dialogue. An `AssertionError` names the line that failed. */
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

  // Two links have no common order, so the messages of the other peer are awaited first.
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
