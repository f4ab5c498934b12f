import assert from 'node:assert/strict';
import { silentLogger } from '../../src/base/logger.ts';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import type { FrameChannel, FrameReceiver } from '../../src/link/frame-channel.ts';
import type { OutgoingPolicy } from '../../src/link/outgoing-policy.ts';
import { WireLink } from '../../src/link/wire-link.ts';
import type { Router } from '../../src/router/router.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { testLinkInfo } from '../support/list-link.ts';

/** More bytes than any link leaves in a socket. */
const FULL = 2 ** 20;

/** A channel whose peer reads a given number of frames. */
class SlowChannel implements FrameChannel {
  readonly maxFrame = Number.POSITIVE_INFINITY;
  readonly heard: (readonly unknown[])[] = [];
  /** The number of frames that the peer still reads. */
  budget = Number.POSITIVE_INFINITY;
  receiver: FrameReceiver | undefined;
  readonly #clock: FakeClock;
  #over = false;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get queuedBytes(): number {
    return this.budget > 0 ? 0 : FULL;
  }

  attach(receiver: FrameReceiver): void {
    this.receiver = receiver;
  }

  write(frame: Uint8Array): void {
    if (this.#over) return;
    this.budget--;
    this.heard.push(JSON.parse(Buffer.from(frame).toString()));
  }

  end(_: unknown, reason: string): void {
    this.destroy(reason);
  }

  destroy(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#clock.after(0, () => this.receiver?.closed(reason));
  }

  pause(): void {}
  resume(): void {}
}

/** A message that the peer must receive, with its place in the order. */
interface Due {
  readonly order: number;
  /** The label from `labelOf`. */
  readonly label: string;
}

/** A client that reads slowly, and the messages that it must receive. */
export class SlowPeer {
  readonly link: WireLink;
  readonly outgoing: OutgoingPolicy;
  /** `match uri` of each subscription, by its SUBSCRIBE.Request. */
  readonly patterns = new Map<number, string>();
  readonly #clock: FakeClock;
  readonly #channel: SlowChannel;
  readonly #due: Due[] = [];
  #request = 0;
  #gone = false;

  constructor(router: Router, clock: FakeClock, outgoing: OutgoingPolicy) {
    this.outgoing = outgoing;
    this.#clock = clock;
    this.#channel = new SlowChannel(clock);
    const channel = this.#channel;
    this.link = new WireLink({ info: testLinkInfo, codec: jsonCodec, channel, log: silentLogger, clock, outgoing });
    router.attach(this.link);
    this.say(1, 'realm1', { roles: { publisher: {}, subscriber: {}, caller: {} } });
    assert.equal(this.#channel.heard.shift()?.[0], 2);
  }

  /** Whether the router has disconnected the peer, or is about to. */
  get gone(): boolean {
    return this.#gone;
  }

  say(...message: readonly unknown[]): void {
    this.#channel.receiver?.receiveFrame(Buffer.from(JSON.stringify(message)));
  }

  request(type: number, ...rest: readonly unknown[]): number {
    this.#request++;
    this.say(type, this.#request, ...rest);
    return this.#request;
  }

  owe(order: number, label: string): void {
    this.#due.push({ order, label });
  }

  /** Reads `count` more frames and then stops. The link is notified of the free capacity a little later. */
  read(count: number): void {
    this.#channel.budget = count;
    this.#clock.after(2, () => this.#channel.receiver?.drained());
  }

  lose(): void {
    this.#gone = true;
    this.#channel.destroy('lost');
  }

  /**
   * Asserts that the peer received each due message once and in order, except those that were counted as dropped. The
   * router drops only EVENTs, unless it disconnects the peer.
   */
  check(): void {
    const { policy } = this.outgoing;
    const ids = new Map<unknown, string>();
    const due = new Map(this.#due.map(({ order, label }) => [label, order]));
    assert.equal(due.size, this.#due.length);
    let latest = 0;
    for (const message of this.#channel.heard) {
      if (message[0] === 33) ids.set(message[2], this.patterns.get(Number(message[1])) ?? assert.fail());
      const label = labelOf(message, ids);
      const order = due.get(label);
      assert.ok(order !== undefined, `not due, or heard before: ${label}`);
      assert.ok(order >= latest, `out of order: ${label}`);
      latest = order;
      due.delete(label);
    }
    const dropped = this.link.counters.dropped;
    if (!this.#gone) {
      assert.equal(due.size, dropped, 'neither received nor counted as dropped');
      for (const label of due.keys()) assert.match(label, /^event/);
    } else if (policy === 'disconnect') {
      for (const [label, order] of due) assert.ok(order >= latest, `lost before the connection was: ${label}`);
    }
    if (policy === 'disconnect' && !this.#gone) assert.equal(dropped, 0);
  }

  /** Records whether the router has disconnected the peer. */
  observe(stillThere: boolean): void {
    if (!stillThere) this.#gone = true;
  }
}

/** Returns the name of a message in the model: an answer by its request, an event by its pattern and its payload. */
export function labelOf([type, first, second, , args]: readonly unknown[], ids: ReadonlyMap<unknown, string>): string {
  if (type === 36) {
    assert.ok(Array.isArray(args));
    return `event ${ids.get(first) ?? assert.fail('an EVENT before its SUBSCRIBED')} ${String(args[0])}`;
  }
  return `answer ${type === 8 ? String(second) : String(first)}`;
}
