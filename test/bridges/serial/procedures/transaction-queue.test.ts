import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Exchange,
  type Reply,
  TransactionQueue,
} from '../../../../bridges/serial/procedures/transaction-queue.ts';
import { WampError } from '../../../../src/wamp/errors.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const TIMEOUT = 1000;
const IDLE = 100;

/** A queue over a line that accepts all bytes at once (10 ms a byte) and records them. */
class Bench {
  readonly clock = new FakeClock();
  readonly written: string[] = [];
  write: () => Promise<void> = () => Promise.resolve();
  readonly queue = new TransactionQueue({
    clock: this.clock,
    depth: 2,
    resyncIdle: IDLE,
    transmitTime: bytes => bytes * 10,
    write: bytes => {
      this.written.push(Buffer.from(bytes).toString());
      return this.write();
    },
  });

  /** Sends `command` and expects `OK <command>`. The outcome is the text of the reply, or the URI of the error. */
  run(command: string, options: { retries?: number; signal?: AbortSignal; answered?: boolean } = {}): Promise<string> {
    const interpret = (frame: string): Reply | undefined =>
      frame === `OK ${command}` ? { kind: 'result', value: { args: [frame], kwargs: {} } } : undefined;
    const exchange: Exchange = {
      bytes: Buffer.from(command),
      timeout: TIMEOUT,
      retries: options.retries ?? 0,
      interpret: options.answered === false ? undefined : interpret,
    };
    return this.queue.run(exchange, options.signal).then(
      reply => String(reply?.value.args[0] ?? 'done'),
      (error: unknown) => (error instanceof WampError ? error.uri : `not a WampError: ${String(error)}`),
    );
  }

  /** A frame arrived. */
  frame(text: string): boolean {
    this.queue.activity();
    return this.queue.frame(text);
  }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

describe('transaction queue', () => {
  it('sends one request at a time, the next after the answer', async () => {
    const bench = new Bench();
    const [a, b] = [bench.run('a'), bench.run('b')];
    assert.deepEqual(bench.written, ['a']);
    assert.equal(bench.frame('OK b'), false, 'b has not been sent');
    assert.equal(bench.frame('OK a'), true);
    assert.deepEqual(bench.written, ['a', 'b']);
    assert.equal(bench.frame('OK b'), true);
    assert.deepEqual([await a, await b], ['OK a', 'OK b']);
    assert.equal(bench.clock.timers, 0);
  });

  it('returns frames that are not answers, also while a request is pending', async () => {
    const bench = new Bench();
    assert.equal(bench.frame('T=1'), false);
    const a = bench.run('a');
    assert.equal(bench.frame('T=2'), false);
    assert.equal(bench.frame('OK a'), true);
    assert.equal(await a, 'OK a');
  });

  it('refuses requests beyond its limit', async () => {
    const bench = new Bench();
    const all = ['a', 'b', 'c', 'd'].map(command => bench.run(command));
    assert.equal(await all[3], 'wamp.error.unavailable');
    for (const command of ['a', 'b', 'c']) bench.frame(`OK ${command}`);
    assert.deepEqual(await Promise.all(all.slice(0, 3)), ['OK a', 'OK b', 'OK c']);
    assert.equal(bench.queue.counters.refused, 1);
  });

  it('starts the timeout at the end of the transmission', async () => {
    const bench = new Bench();
    const a = bench.run('ten bytes!');
    bench.clock.advance(TIMEOUT + 99);
    assert.equal(bench.queue.pending, 1);
    bench.clock.advance(1);
    assert.equal(await a, 'wamp.error.timeout');
    assert.equal(bench.queue.counters.timeouts, 1);
  });

  it('discards a late answer before it sends the next request', async () => {
    const bench = new Bench();
    const [a, b] = [bench.run('a'), bench.run('b')];
    bench.clock.advance(TIMEOUT + 10);
    assert.equal(await a, 'wamp.error.timeout');
    assert.deepEqual(bench.written, ['a'], 'the line is left alone');
    assert.equal(bench.frame('OK a'), true);
    assert.equal(bench.queue.counters.lateReplies, 1);
    assert.deepEqual(bench.written, ['a', 'b']);
    bench.frame('OK b');
    assert.equal(await b, 'OK b');
  });

  it('continues after a missing answer when the line is silent', async () => {
    const bench = new Bench();
    const [a, b] = [bench.run('a'), bench.run('b')];
    bench.clock.advance(TIMEOUT + 10);
    assert.equal(await a, 'wamp.error.timeout');
    bench.clock.advance(IDLE - 1);
    assert.equal(bench.frame('T=1'), false);
    bench.clock.advance(IDLE - 1);
    assert.deepEqual(bench.written, ['a']);
    bench.clock.advance(1);
    assert.deepEqual(bench.written, ['a', 'b']);
    bench.frame('OK b');
    assert.equal(await b, 'OK b');
  });

  it('bounds the wait on a line that is never silent', async () => {
    const bench = new Bench();
    void bench.run('a');
    void bench.run('b');
    bench.clock.advance(TIMEOUT + 10);
    for (let i = 0; i < TIMEOUT / 50; i++) {
      bench.frame('T=1');
      bench.clock.advance(50);
    }
    assert.deepEqual(bench.written, ['a', 'b']);
  });

  it('recognizes a late answer without a pending request for a bounded time', async () => {
    const bench = new Bench();
    const a = bench.run('a');
    bench.clock.advance(TIMEOUT + 10);
    assert.equal(await a, 'wamp.error.timeout');
    bench.clock.advance(5000);
    assert.equal(bench.frame('OK a'), true);
    assert.equal(bench.frame('OK a'), false, 'one request, one answer');
    const again = bench.run('a');
    bench.clock.advance(TIMEOUT + 10);
    assert.equal(await again, 'wamp.error.timeout');
    bench.clock.advance(10_001);
    assert.equal(bench.frame('OK a'), false);
  });

  it('repeats the command if retries are configured, and accepts any answer', async () => {
    const bench = new Bench();
    const a = bench.run('a', { retries: 1 });
    bench.clock.advance(TIMEOUT + 10);
    assert.deepEqual(bench.written, ['a', 'a']);
    const b = bench.run('b');
    assert.equal(bench.frame('OK a'), true);
    assert.equal(await a, 'OK a');
    assert.deepEqual(bench.written, ['a', 'a'], 'the other answer may still come');
    assert.equal(bench.frame('OK a'), true);
    assert.equal(bench.queue.counters.lateReplies, 1);
    bench.frame('OK b');
    assert.equal(await b, 'OK b');
  });

  it('times out after the last retry', async () => {
    const bench = new Bench();
    const a = bench.run('a', { retries: 2 });
    for (let i = 0; i < 3; i++) bench.clock.advance(TIMEOUT + 10);
    assert.equal(await a, 'wamp.error.timeout');
    assert.deepEqual(bench.written, ['a', 'a', 'a']);
  });

  it('ends with the write if no answer is expected', async () => {
    const bench = new Bench();
    const [a, b] = [bench.run('a', { answered: false }), bench.run('b', { answered: false })];
    assert.deepEqual([await a, await b], ['done', 'done']);
    assert.equal(bench.clock.timers, 0);
  });

  it('times out if the line does not accept the command', async () => {
    const bench = new Bench();
    bench.write = () => new Promise(() => {});
    const a = bench.run('a', { answered: false });
    bench.clock.advance(TIMEOUT + 10);
    assert.equal(await a, 'wamp.error.timeout');
  });

  it('rejects a request that cannot be written, and continues', async () => {
    const bench = new Bench();
    bench.write = () => Promise.reject(new Error('bad file descriptor'));
    const [a, b] = [bench.run('a'), bench.run('b')];
    assert.deepEqual([await a, await b], ['wamp.error.canceled', 'wamp.error.canceled']);
    assert.equal(bench.queue.pending, 0);
  });

  it('removes a cancelled request from the queue', async () => {
    const bench = new Bench();
    const controller = new AbortController();
    void bench.run('a');
    const b = bench.run('b', { signal: controller.signal });
    controller.abort();
    assert.equal(await b, 'wamp.error.canceled');
    bench.frame('OK a');
    await turn();
    assert.deepEqual(bench.written, ['a']);
    assert.equal(await bench.run('c', { signal: AbortSignal.abort() }), 'wamp.error.canceled');
  });

  it('waits for the answer of a cancelled active request', async () => {
    const bench = new Bench();
    const controller = new AbortController();
    const a = bench.run('a', { signal: controller.signal });
    const b = bench.run('b');
    controller.abort();
    assert.equal(await a, 'wamp.error.canceled', 'the caller does not wait');
    assert.deepEqual(bench.written, ['a'], 'but the line does');
    assert.equal(bench.frame('OK a'), true);
    assert.equal(bench.queue.counters.lateReplies, 1);
    bench.frame('OK b');
    assert.equal(await b, 'OK b');
  });

  it('rejects all requests when the port is lost, and works again afterwards', async () => {
    const bench = new Bench();
    const [a, b] = [bench.run('a'), bench.run('b')];
    bench.queue.abort(new WampError('wamp.error.canceled' as WampError['uri'], ['gone']));
    assert.deepEqual([await a, await b], ['wamp.error.canceled', 'wamp.error.canceled']);
    assert.equal(bench.clock.timers, 0);
    assert.equal(bench.frame('OK a'), false);
    const c = bench.run('c');
    bench.frame('OK c');
    assert.equal(await c, 'OK c');
  });
});
