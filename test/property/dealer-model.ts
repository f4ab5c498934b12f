import assert from 'node:assert/strict';
import { silentLogger } from '../../src/base/logger.ts';
import { AnonymousAuthenticator } from '../../src/router/policy/anonymous-authenticator.ts';
import { Router } from '../../src/router/router.ts';
import { countingIds } from '../../src/wamp/ids.ts';
import type { MatchPolicy } from '../../src/wamp/uri.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { best, matches, type Pattern } from '../support/pattern-definition.ts';
import { type ModelCall, ModelCallee, type ModelRegistration } from './model-callee.ts';

/** The next action of a client. `pick` selects one of several calls or invocations. */
export type DealerCommand = { readonly client: number } & (
  | { readonly kind: 'join'; readonly capable: boolean }
  | { readonly kind: 'leave' }
  | {
      readonly kind: 'register';
      readonly uri: string;
      readonly match: MatchPolicy;
      readonly invoke: string;
      readonly concurrency: number | undefined;
      readonly force: boolean;
    }
  | { readonly kind: 'unregister'; readonly pick: number }
  | {
      readonly kind: 'call';
      readonly uri: string;
      readonly timeout: number;
      readonly progress: boolean;
      readonly inParts: boolean;
    }
  | { readonly kind: 'part'; readonly pick: number; readonly last: boolean }
  | { readonly kind: 'yield' | 'progress' | 'error' | 'unavailable'; readonly pick: number }
  | { readonly kind: 'cancel'; readonly pick: number; readonly mode: string }
  | { readonly kind: 'advance'; readonly milliseconds: number }
);

type Of<Kind> = Extract<DealerCommand, { kind: Kind }>;

const MAX_WAITING = 2;

/**
 * A dealer with its callers and callees, and the rules that hold for any of their actions: each call ends exactly once,
 * with its own answer. It goes to a callee that its policy allows, and waits only while all of them are busy. No callee
 * receives more calls than its limit. Parts arrive complete and in order. Nothing remains of clients that left.
 */
export class DealerModel {
  readonly #clock = new FakeClock();
  readonly #router = new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: new AnonymousAuthenticator({ who: 'any' }),
    clock: this.#clock,
    log: silentLogger,
    sessionIds: countingIds(),
    limits: { waitingCallsPerRegistration: MAX_WAITING },
  });
  readonly #clients = new Map<number, ModelCallee>();
  readonly #calls = new Map<string, ModelCall>();
  /** In the order of registration. */
  #registrations: ModelRegistration[] = [];

  run(command: DealerCommand): void {
    if (command.kind === 'join') {
      const known = this.#clients.has(command.client);
      if (!known) this.#clients.set(command.client, new ModelCallee(this.#router, command.capable));
    } else if (command.kind === 'advance') {
      this.#clock.advance(command.milliseconds);
      this.#listen();
    } else {
      const client = this.#clients.get(command.client);
      if (client === undefined) return;
      this.#act(client, command);
      this.#listen();
    }
    this.#check();
  }

  /** All clients leave. Then every call has ended, and no table has entries. */
  finish(): void {
    for (const client of this.#clients.keys()) this.run({ kind: 'leave', client });
    const realm = this.#router.realm('realm1');
    assert.ok(realm !== undefined);
    const { sessionCount, registrationCount, callCount, dealer } = realm;
    assert.deepEqual(
      [sessionCount, registrationCount, callCount, dealer.keptBytes, this.#clock.timers],
      [0, 0, 0, 0, 0],
    );
    assert.ok([...this.#calls.values()].every(({ open }) => !open));
  }

  #act(client: ModelCallee, command: Exclude<DealerCommand, { kind: 'join' | 'advance' }>): void {
    switch (command.kind) {
      case 'leave':
        this.#leave(command.client, client);
        return;
      case 'register':
        this.#register(client, command);
        return;
      case 'unregister':
        this.#unregister(client, command.pick);
        return;
      case 'call':
        this.#call(client, command);
        return;
      case 'part':
        this.#part(client, command);
        return;
      case 'cancel':
        this.#cancel(client, command);
        return;
      default:
        this.#answer(client, command);
        return;
    }
  }

  #leave(name: number, client: ModelCallee): void {
    this.#clients.delete(name);
    client.link.lose();
    for (const call of this.#calls.values()) if (call.caller === client) call.open = false;
    this.#registrations = this.#registrations.filter(({ callee }) => callee !== client);
  }

  #register(client: ModelCallee, { uri, match, invoke, concurrency, force }: Of<'register'>): void {
    const others = this.#registrations.filter(held => held.uri === uri && held.match === match);
    const [first] = others;
    const mine = !force && others.some(({ callee }) => callee === client);
    const fits = first === undefined || force || (first.invoke === invoke && invoke !== 'single');
    const request = client.say(64, { match, invoke, concurrency: concurrency ?? null, force_reregister: force }, uri);
    if (force) this.#registrations = this.#registrations.filter(held => !others.includes(held));
    const answer = client.answer(request);
    if (!fits) {
      assert.deepEqual(answer.slice(0, 5), [8, 64, request, {}, 'wamp.error.procedure_already_exists']);
      return;
    }
    assert.deepEqual(answer.slice(0, 2), [65, request]);
    const id = Number(answer[2]);
    const shared = force ? undefined : first;
    assert.equal(shared?.id ?? id, id);
    if (shared === undefined) assert.ok(!this.#registrations.some(held => held.id === id));
    if (mine) return;
    this.#registrations.push({ id, uri, match, invoke, concurrency: concurrency ?? 1e9, callee: client });
  }

  #unregister(client: ModelCallee, pick: number): void {
    const held = this.#registrations.filter(({ callee }) => callee === client);
    const one = held[pick % Math.max(held.length, 1)];
    if (one === undefined) return;
    this.#registrations = this.#registrations.filter(other => other !== one);
    const request = client.say(66, one.id);
    assert.deepEqual(client.answer(request), [67, request]);
  }

  #call(caller: ModelCallee, { uri, timeout, progress, inParts }: Of<'call'>): void {
    const mark = `call ${this.#calls.size}`;
    const target = this.#best(uri);
    const able = target === undefined ? [] : this.#able(target, new Set());
    const waiting = [...this.#calls.values()].filter(call => isWaiting(call) && call.target === target).length;
    const request = caller.say(48, { timeout, receive_progress: progress, progress: inParts }, uri, [mark, 0]);
    const call: ModelCall = {
      mark,
      uri,
      caller,
      request,
      target,
      open: true,
      complete: !inParts,
      sent: 1,
      killed: false,
    };
    this.#calls.set(mark, call);
    caller.calls.set(request, call);
    this.#listen();
    const { at, error } = call;
    if (target === undefined) assert.equal(error, 'wamp.error.no_such_procedure');
    else if (able.length === 0 && error !== undefined) {
      assert.equal(error, 'wamp.error.unavailable');
      assert.equal(waiting, MAX_WAITING, 'rejected although the queue is not full');
    } else if (able.length === 0) assert.ok(at === undefined && waiting < MAX_WAITING);
    else if (at !== undefined) assert.ok(able.includes(at.registration), 'not the callee that the policy selects');
    else {
      assert.equal(error, 'wamp.error.feature_not_supported');
      assert.ok(inParts && able.some(({ callee }) => !callee.capable));
    }
  }

  // Also sends parts for calls that have ended. The router must discard them.
  #part(caller: ModelCallee, { pick, last }: Of<'part'>): void {
    const unfinished = [...this.#calls.values()].filter(call => call.caller === caller && !call.complete);
    const call = unfinished[pick % Math.max(unfinished.length, 1)];
    if (call === undefined) return;
    call.complete = last;
    caller.link.say([48, call.request, { progress: !last }, call.uri, [call.mark, call.sent++]]);
  }

  #cancel(caller: ModelCallee, { pick, mode }: Of<'cancel'>): void {
    const requests = [...caller.calls.keys()];
    const request = requests[pick % Math.max(requests.length, 1)];
    if (request === undefined) return;
    const call = caller.calls.get(request);
    if (call !== undefined && mode === 'kill') call.killed = true;
    caller.link.say([49, request, { mode }]);
  }

  // Also answers calls that were canceled or timed out. The router must discard these answers.
  #answer(callee: ModelCallee, { kind, pick }: Of<'yield' | 'progress' | 'error' | 'unavailable'>): void {
    const all = [...callee.invocations.values()];
    const invocation = all[pick % Math.max(all.length, 1)];
    if (invocation === undefined) return;
    const { request, call, registration } = invocation;
    if (kind !== 'progress') callee.invocations.delete(request);
    if (kind === 'unavailable' && call.at === invocation) {
      call.tried ??= new Set();
      call.tried.add(registration);
      call.at = undefined;
    }
    const error = kind === 'error' ? 'com.app.error' : 'wamp.error.unavailable';
    if (kind === 'error' || kind === 'unavailable') callee.link.say([8, 68, request, {}, error, [call.mark]]);
    else callee.link.say([70, request, { progress: kind === 'progress' }, [call.mark]]);
  }

  /**
   * Handles all messages that the clients received. Answers come first, because they let further calls go to their
   * callees.
   */
  #listen(): void {
    const heard = [...this.#clients.values()].map(client => [client, client.drain()] as const);
    for (const [client, lists] of heard) {
      for (const list of lists) if (list[0] === 50 || list[0] === 8) client.hearAnswer(list);
    }
    for (const [client, lists] of heard) {
      for (const list of lists) this.#hear(client, list);
    }
  }

  #hear(client: ModelCallee, list: readonly unknown[]): void {
    switch (list[0]) {
      case 50:
      case 8:
        return;
      case 68:
        this.#invoked(client, list);
        return;
      case 69:
        assert.ok(client.capable && Number(list[1]) <= client.lastInvocation, 'nothing to interrupt');
        return;
      case 67:
        assert.ok(client.capable && list[1] === 0, 'a revocation that was not announced');
        return;
    }
    assert.fail(`not expected: ${JSON.stringify(list)}`);
  }

  #invoked(client: ModelCallee, [, first, id, details, args]: readonly unknown[]): void {
    const request = Number(first);
    assert.ok(Array.isArray(args));
    const call = this.#calls.get(String(args[0]));
    assert.ok(call !== undefined);
    const registration = this.#registrations.find(held => held.id === id && held.callee === client);
    let invocation = client.invocations.get(request);
    if (invocation === undefined) {
      assert.equal(request, ++client.lastInvocation, 'ids count from 1');
      assert.ok(registration !== undefined && matches(registration, call.uri), 'not a callee of this procedure');
      assert.ok(call.tried?.has(registration) !== true, 'invoked again');
      invocation = { request, call, registration, heard: 0 };
      client.invocations.set(request, invocation);
      call.at = invocation;
    }
    assert.deepEqual([invocation.call, invocation.heard++], [call, args[1]], 'a part out of order');
    const last = call.complete && call.sent === invocation.heard;
    assert.equal(hasProgress(details), !last, 'progress, except in the last part');
  }

  #check(): void {
    for (const call of this.#calls.values()) {
      if (!call.open) continue;
      if (!isWaiting(call)) {
        if (!call.killed) assert.equal(call.at?.heard, call.sent, 'a part is missing');
        continue;
      }
      // A call that waited for callees that left has been routed again.
      if (!this.#registrations.some(({ id }) => id === call.target)) {
        call.target = this.#best(call.uri);
        call.tried = undefined;
      }
      assert.ok(call.target !== undefined, 'waits without a callee');
      assert.deepEqual(this.#able(call.target, call.tried ?? new Set()), [], 'waits although a callee is free');
    }
    for (const held of this.#registrations)
      assert.ok(this.#inFlight(held) <= held.concurrency, 'more calls than the limit of the callee');
    const open = [...this.#clients.values()].reduce((sum, client) => sum + client.calls.size, 0);
    assert.equal(this.#router.realm('realm1')?.callCount, open, 'a call that is neither ended nor open');
  }

  #best(uri: string): number | undefined {
    return best<Pattern & { id: number }>(this.#registrations, uri)?.id;
  }

  /** Returns the callees that can receive a call to registration `id`. */
  #able(id: number, tried: ReadonlySet<ModelRegistration>): ModelRegistration[] {
    const left = this.#registrations.filter(held => held.id === id && !tried.has(held));
    const invoke = left[0]?.invoke;
    if (invoke === 'first' || invoke === 'single') left.splice(1);
    if (invoke === 'last') left.splice(0, left.length - 1);
    return left.filter(held => this.#inFlight(held) < held.concurrency);
  }

  #inFlight(registration: ModelRegistration): number {
    const isAt = ({ at, open }: ModelCall): boolean => open && at?.registration === registration;
    return [...this.#calls.values()].filter(isAt).length;
  }
}

function isWaiting({ open, at }: ModelCall): boolean {
  return open && at === undefined;
}

function hasProgress(details: unknown): boolean {
  return typeof details === 'object' && details !== null && 'progress' in details && details.progress === true;
}
