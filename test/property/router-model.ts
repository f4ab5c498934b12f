import assert from 'node:assert/strict';
import { silentLogger } from '../../src/base/logger.ts';
import { MemoryRetainedStore } from '../../src/router/broker/retention/memory-retained-store.ts';
import { AnonymousAuthenticator } from '../../src/router/policy/anonymous-authenticator.ts';
import { Router } from '../../src/router/router.ts';
import { countingIds } from '../../src/wamp/ids.ts';
import { asUri, type MatchPolicy, type Uri } from '../../src/wamp/uri.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ListLink } from '../support/list-link.ts';
import { best, matches, type Pattern } from '../support/pattern-definition.ts';
import { RetainedModel } from './retained-model.ts';

/** The next action of a client. `pick` selects one of several subscriptions, registrations or invocations. */
export type Command = { readonly client: number } & (
  | { readonly kind: 'join'; readonly cancelable: boolean }
  | { readonly kind: 'leave' | 'drop' }
  /** GOODBYE, then a new session on the same link. */
  | { readonly kind: 'rejoin'; readonly cancelable: boolean }
  | {
      readonly kind: 'subscribe';
      readonly uri: string;
      readonly match: MatchPolicy;
      readonly getRetained: boolean;
    }
  | { readonly kind: 'register'; readonly uri: string; readonly match: MatchPolicy }
  | { readonly kind: 'unsubscribe' | 'unregister'; readonly pick: number }
  | {
      readonly kind: 'publish';
      readonly uri: string;
      readonly acknowledge: boolean;
      readonly excludeMe: boolean;
      readonly eligible: readonly number[] | undefined;
      readonly retain: boolean;
    }
  | { readonly kind: 'call'; readonly uri: string; readonly timeout: number; readonly progress: boolean }
  | { readonly kind: 'yield' | 'progress' | 'error'; readonly pick: number }
  | { readonly kind: 'cancel'; readonly pick: number; readonly mode: string }
  | { readonly kind: 'advance'; readonly milliseconds: number }
);

interface Held extends Pattern {
  readonly id: number;
}

interface OpenInvocation {
  readonly request: number;
  readonly call: string;
}

class Client {
  readonly link: ListLink;
  readonly session: number;
  readonly subscriptions: Held[] = [];
  readonly registrations: Held[] = [];
  /** CALL.Request of each open call, and the text in its arguments. */
  readonly calls = new Map<number, string>();
  readonly invocations: OpenInvocation[] = [];
  request = 0;

  /** Uses `link`, if it is given and has no session any more. */
  constructor(router: Router, cancelable: boolean, link?: ListLink) {
    this.link = link ?? new ListLink();
    if (link === undefined) router.attach(this.link);
    const features = { call_canceling: cancelable, progressive_call_results: cancelable };
    this.link.say([1, 'realm1', { roles: { publisher: {}, subscriber: {}, caller: {}, callee: { features } } }]);
    const [welcome] = this.link.heard.splice(0);
    assert.ok(welcome !== undefined && welcome !== 'closed' && welcome[0] === 2);
    this.session = Number(welcome[1]);
  }

  say(type: number, ...rest: unknown[]): number {
    this.request++;
    this.link.say([type, this.request, ...rest]);
    return this.request;
  }

  /** Returns the messages that were received since the last call. */
  drain(): (readonly unknown[])[] {
    return this.link.heard.splice(0).map(heard => {
      assert.notEqual(heard, 'closed', 'the router closed a link');
      const list = heard as readonly unknown[];
      assert.notEqual(list[0], 3, `the router aborted: ${JSON.stringify(list)}`);
      return list;
    });
  }
}

/**
 * A router with its clients, and the rules that hold for any of their actions: each event reaches each matching
 * subscription once and in order. A subscriber that asks for retained events receives the newest of each topic that was
 * intended for it. Each call goes to the best registration and ends exactly once, with its own answer. Nothing remains
 * of clients that left.
 */
export class RouterModel {
  readonly #clock = new FakeClock();
  readonly #router = new Router({
    realms: [
      // The model has no limits, so the store must keep all events for a part of the receivers.
      { name: 'realm1', uri: 'loose', retained: new MemoryRetainedStore({ restrictedPerTopic: 1000 }) },
    ],
    authenticator: new AnonymousAuthenticator({ who: 'any' }),
    clock: this.#clock,
    log: silentLogger,
    sessionIds: countingIds(),
    publicationIds: countingIds(),
  });
  readonly #clients = new Map<number, Client>();
  readonly #retained = new RetainedModel();
  /** Every topic and procedure that was used. */
  readonly #named = new Set<Uri>();
  #marks = 0;

  run(command: Command): void {
    if (command.kind === 'advance') {
      this.#clock.advance(command.milliseconds);
    } else if (command.kind === 'join') {
      if (!this.#clients.has(command.client)) {
        this.#clients.set(command.client, new Client(this.#router, command.cancelable));
      }
    } else {
      const client = this.#clients.get(command.client);
      if (client !== undefined) this.#act(client, command);
    }
    this.#listen();
  }

  /** All clients leave. Then every call has ended, and every table is empty. */
  finish(): void {
    for (const client of this.#clients.keys()) this.run({ kind: 'drop', client });
    const realm = this.#router.realm('realm1');
    assert.ok(realm !== undefined);
    const { sessionCount, subscriptionCount, registrationCount, callCount } = realm;
    const left = [this.#router.linkCount, sessionCount, subscriptionCount, registrationCount, callCount];
    assert.deepEqual([...left, this.#clock.timers], [0, 0, 0, 0, 0, 0]);
    assert.deepEqual([[...realm.broker.subscriptions()], realm.dealer.registrations.size], [[], 0]);
    for (const uri of this.#named)
      assert.deepEqual([realm.broker.matching(uri), realm.dealer.match(uri)], [[], undefined]);
  }

  #act(client: Client, command: Exclude<Command, { kind: 'join' | 'advance' }>): void {
    switch (command.kind) {
      case 'leave':
      case 'drop':
        this.#depart(command.client, client, command.kind);
        return;
      case 'rejoin':
        sayGoodbye(client);
        this.#clients.set(command.client, new Client(this.#router, command.cancelable, client.link));
        return;
      case 'subscribe':
        this.#subscribe(client, command);
        return;
      case 'register':
        this.#register(client, command);
        return;
      case 'unsubscribe':
      case 'unregister':
        this.#release(client, command.kind, command.pick);
        return;
      case 'publish':
        this.#publish(client, command);
        return;
      case 'call':
        this.#call(client, command);
        return;
      case 'cancel':
        this.#cancel(client, command.pick, command.mode);
        return;
      default:
        this.#answer(client, command.kind, command.pick);
        return;
    }
  }

  #depart(name: number, client: Client, how: 'leave' | 'drop'): void {
    this.#clients.delete(name);
    if (how === 'leave') sayGoodbye(client);
    client.link.lose();
    client.drain();
  }

  #subscribe(client: Client, { uri, match, getRetained }: Extract<Command, { kind: 'subscribe' }>): void {
    const request = client.say(32, { match, get_retained: getRetained }, uri);
    const [answer, ...retained] = client.drain();
    assert.deepEqual(answer?.slice(0, 2), [33, request]);
    const id = Number(answer?.[2]);
    const mine = client.subscriptions.find(held => held.uri === uri && held.match === match);
    if (mine === undefined) client.subscriptions.push({ id, uri, match });
    else assert.equal(mine.id, id);
    for (const other of this.#clients.values()) {
      for (const held of other.subscriptions) {
        assert.equal(held.id === id, held.uri === uri && held.match === match, 'one id for one topic and policy');
      }
    }
    for (const event of retained) assert.deepEqual(event.slice(0, 2), [36, id]);
    const due = getRetained ? this.#retained.due(client.session, { uri, match }) : [];
    assert.deepEqual(
      retained.map(event => event.slice(3)),
      due,
    );
  }

  #register(client: Client, { uri, match }: Pattern): void {
    const taken = this.#registrations().some(({ held }) => held.uri === uri && held.match === match);
    const request = client.say(64, { match }, uri);
    const [answer] = client.drain();
    if (taken) {
      assert.deepEqual(answer?.slice(0, 5), [8, 64, request, {}, 'wamp.error.procedure_already_exists']);
      return;
    }
    assert.deepEqual(answer?.slice(0, 2), [65, request]);
    client.registrations.push({ id: Number(answer?.[2]), uri, match });
  }

  #release(client: Client, kind: 'unsubscribe' | 'unregister', pick: number): void {
    const table = kind === 'unsubscribe' ? client.subscriptions : client.registrations;
    if (table.length === 0) return;
    const [held] = table.splice(pick % table.length, 1);
    const request = client.say(kind === 'unsubscribe' ? 34 : 66, held?.id);
    assert.deepEqual(client.drain(), [[kind === 'unsubscribe' ? 35 : 67, request]]);
  }

  #publish(publisher: Client, command: Extract<Command, { kind: 'publish' }>): void {
    const mark = `event ${this.#marks++}`;
    this.#named.add(asUri(command.uri));
    const eligible = command.eligible?.map(name => this.#clients.get(name)?.session ?? 999_999);
    const options = {
      acknowledge: command.acknowledge,
      exclude_me: command.excludeMe,
      retain: command.retain,
      ...(eligible === undefined ? {} : { eligible }),
    };
    const isFor = (session: number): boolean => {
      const excluded = session === publisher.session && command.excludeMe;
      return !excluded && (eligible === undefined || eligible.includes(session));
    };
    if (command.retain) this.#retained.add({ topic: command.uri, mark, isFor });
    const request = publisher.say(16, options, command.uri, [mark]);
    let publication: unknown;
    for (const client of this.#clients.values()) {
      const heard = client.drain();
      if (client === publisher && command.acknowledge) assert.deepEqual(heard.shift()?.slice(0, 2), [17, request]);
      const due = isFor(client.session) ? client.subscriptions.filter(held => matches(held, command.uri)) : [];
      for (const event of heard) {
        publication ??= event[2];
        assert.deepEqual([event[0], event[2], event[4]], [36, publication, [mark]]);
        const held = due.splice(
          due.findIndex(({ id }) => id === event[1]),
          1,
        )[0];
        assert.equal(held?.id, event[1], 'an event for a subscription that does not match, or a duplicate');
        assert.deepEqual(event[3], held?.match === 'exact' ? {} : { topic: command.uri });
      }
      assert.deepEqual(due, [], 'an event was not delivered');
    }
  }

  #call(caller: Client, { uri, timeout, progress }: Extract<Command, { kind: 'call' }>): void {
    const mark = `call ${this.#marks++}`;
    this.#named.add(asUri(uri));
    const target = best(
      this.#registrations().map(({ client, held }) => ({ ...held, client })),
      uri,
    );
    const request = caller.say(48, { timeout, receive_progress: progress }, uri, [mark]);
    if (target === undefined) {
      const [answer] = caller.drain();
      assert.deepEqual(answer?.slice(0, 5), [8, 48, request, {}, 'wamp.error.no_such_procedure']);
      return;
    }
    caller.calls.set(request, mark);
    const [invocation] = target.client.drain();
    assert.deepEqual([invocation?.[0], invocation?.[2], invocation?.[4]], [68, target.id, [mark]]);
    target.client.invocations.push({ request: Number(invocation?.[1]), call: mark });
  }

  #cancel(caller: Client, pick: number, mode: string): void {
    const requests = [...caller.calls.keys()];
    const request = requests[pick % Math.max(requests.length, 1)];
    if (request !== undefined) caller.link.say([49, request, { mode }]);
  }

  // Also answers calls that were canceled or timed out. The router must discard these answers.
  #answer(callee: Client, kind: 'yield' | 'progress' | 'error', pick: number): void {
    const at = pick % Math.max(callee.invocations.length, 1);
    const invocation = callee.invocations[at];
    if (invocation === undefined) return;
    if (kind !== 'progress') callee.invocations.splice(at, 1);
    if (kind === 'error') callee.link.say([8, 68, invocation.request, {}, 'com.app.error', [invocation.call]]);
    else callee.link.say([70, invocation.request, { progress: kind === 'progress' }, [invocation.call]]);
  }

  /** Handles the messages about calls that callers and callees received. There must be no others. */
  #listen(): void {
    for (const client of this.#clients.values()) {
      for (const list of client.drain()) {
        const [type, first, second] = list;
        if (type === 69) continue;
        assert.ok(type === 50 || (type === 8 && first === 48), `not expected here: ${JSON.stringify(list)}`);
        const request = Number(type === 50 ? first : second);
        const mark = client.calls.get(request);
        assert.ok(mark !== undefined, `an answer to a call that has ended or was never made: ${JSON.stringify(list)}`);
        if (type === 50) assert.deepEqual(list[3], [mark], 'the answer to another call');
        if (type === 8 && list[4] === 'com.app.error') assert.deepEqual(list[5], [mark], 'the error of another call');
        if (type === 8 || !isProgress(second)) client.calls.delete(request);
      }
    }
    const open = [...this.#clients.values()].reduce((sum, client) => sum + client.calls.size, 0);
    assert.equal(this.#router.realm('realm1')?.callCount, open, 'a call that is neither ended nor open');
  }

  #registrations(): { readonly client: Client; readonly held: Held }[] {
    return [...this.#clients.values()].flatMap(client => client.registrations.map(held => ({ client, held })));
  }
}

function sayGoodbye(client: Client): void {
  client.link.say([6, {}, 'wamp.close.close_realm']);
  // GOODBYE is the last message, after any others.
  assert.deepEqual(client.drain().at(-1), [6, {}, 'wamp.close.goodbye_and_out']);
}

function isProgress(details: unknown): boolean {
  return typeof details === 'object' && details !== null && 'progress' in details && details.progress === true;
}
