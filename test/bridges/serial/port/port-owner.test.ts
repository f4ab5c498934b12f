import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLineSettings } from '../../../../bridges/serial/config/line-settings.ts';
import { PortOwner } from '../../../../bridges/serial/port/port-owner.ts';
import type { Wire, WireReceiver } from '../../../../bridges/serial/port/wire.ts';
import type { LogFields, Logger } from '../../../../src/base/logger.ts';
import { WampError } from '../../../../src/wamp/errors.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
const MISSING = 'Error: No such file or directory, cannot open /dev/x';
const DENIED = 'Error: Permission denied, cannot open /dev/x';

/** A port owner over ports that the test controls. */
class Bench {
  readonly clock = new FakeClock();
  readonly states: string[] = [];
  readonly lines: string[] = [];
  readonly data: string[] = [];
  readonly written: string[] = [];
  /** Why opening fails; undefined if it succeeds. */
  failure: string | undefined;
  attempts = 0;
  open = 0;
  receiver: WireReceiver | undefined;
  present = true;
  deviceGone = false;
  /** The path watcher's call. */
  changed: () => void = () => {};
  readonly owner: PortOwner;

  constructor(options: { openDelay?: number; silence?: number } = {}) {
    const line = parseLineSettings('9600n81');
    assert.ok(line !== undefined);
    this.owner = new PortOwner({
      path: '/dev/x',
      line,
      hupcl: false,
      dtr: undefined,
      rts: undefined,
      openDelay: options.openDelay ?? 0,
      silence: options.silence ?? 0,
      open: (_, receiver) => this.#opened(receiver),
      watch: (_path, _clock, changed) => {
        this.changed = changed;
        return {
          opened: () => {},
          exists: () => this.present,
          gone: () => this.deviceGone,
          [Symbol.dispose]: () => {
            this.changed = () => {};
          },
        };
      },
      clock: this.clock,
      log: this.#logger(),
      random: () => 0.5,
      listener: {
        state: state => this.states.push(state),
        connected: () => {},
        data: chunk => this.data.push(Buffer.from(chunk).toString()),
      },
    });
  }

  async #opened(receiver: WireReceiver): Promise<Wire> {
    this.attempts++;
    await turn();
    if (this.failure !== undefined) throw new Error(this.failure);
    this.receiver = receiver;
    this.open++;
    let closed = false;
    return {
      write: async bytes => {
        this.written.push(Buffer.from(bytes).toString());
      },
      close: async () => {
        if (!closed) this.open--;
        closed = true;
      },
    };
  }

  #logger(): Logger {
    const add = (level: string) => (fields: LogFields, text: string) =>
      this.lines.push(`${level} ${text} ${String(fields['state'] ?? '')}`);
    return { debug: () => {}, info: add('info'), warn: add('warn'), error: add('error'), child: () => this.#logger() };
  }

  async advance(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await turn();
    await turn();
  }

  async start(): Promise<void> {
    this.owner.start();
    await this.advance(0);
  }
}

async function refused(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof WampError);
    return String(error.args[0]);
  }
}

describe('port owner', () => {
  it('opens, reads and writes', async () => {
    const bench = new Bench();
    await bench.start();
    assert.deepEqual(bench.states, ['opening', 'ready']);
    bench.receiver?.data(Buffer.from('T=1\n'));
    await bench.owner.write(Buffer.from('X\n'));
    assert.deepEqual([bench.data, bench.written], [['T=1\n'], ['X\n']]);
    assert.equal(bench.owner.connections, 1);
  });

  it('waits for the device to settle before it writes, but reads at once', async () => {
    const bench = new Bench({ openDelay: 2000 });
    await bench.start();
    assert.deepEqual(bench.states, ['opening', 'settling']);
    bench.receiver?.data(Buffer.from('boot'));
    assert.deepEqual(bench.data, ['boot']);
    assert.match(await refused(bench.owner.write(Buffer.from('X'))), /not connected/);
    await bench.advance(2000);
    assert.equal(bench.owner.state, 'ready');
  });

  it('retries an absent port with growing pauses and one log line', async () => {
    const bench = new Bench();
    bench.failure = MISSING;
    await bench.start();
    assert.equal(bench.owner.state, 'absent');
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const before = bench.attempts;
      await bench.advance(wait - 1);
      assert.equal(bench.attempts, before, `too early before ${wait} ms`);
      await bench.advance(1);
      assert.equal(bench.attempts, before + 1);
    }
    assert.deepEqual(bench.lines, ['warn serial port became unavailable absent']);
    assert.match(
      await refused(bench.owner.write(Buffer.from('X'))),
      /serial port \/dev\/x is not connected: waiting for/,
    );
  });

  it('opens a port at once when it is plugged in', async () => {
    const bench = new Bench();
    bench.failure = MISSING;
    bench.present = false;
    await bench.start();
    bench.changed();
    await bench.advance(0);
    assert.equal(bench.attempts, 1, 'something else changed in the folder');
    bench.failure = undefined;
    bench.present = true;
    bench.changed();
    await bench.advance(0);
    assert.equal(bench.owner.state, 'ready');
    assert.deepEqual(bench.states, ['opening', 'absent', 'ready']);
  });

  it('survives unplugging and plugging in again, with a new connection', async () => {
    const bench = new Bench();
    await bench.start();
    bench.present = false;
    bench.failure = MISSING;
    bench.receiver?.lost('bad file descriptor');
    assert.equal(bench.owner.state, 'absent');
    await bench.advance(1000);
    bench.present = true;
    bench.failure = undefined;
    bench.changed();
    await bench.advance(0);
    assert.deepEqual(bench.states, ['opening', 'ready', 'absent', 'ready']);
    assert.equal(bench.owner.connections, 2);
    assert.equal(bench.open, 1);
    assert.deepEqual(
      bench.lines.filter(line => line.includes('absent')),
      ['warn serial port became unavailable absent'],
    );
  });

  it('detects a disconnected device that the system does not report', async () => {
    const bench = new Bench();
    await bench.start();
    bench.changed();
    assert.equal(bench.owner.state, 'ready');
    bench.deviceGone = true;
    bench.present = false;
    bench.changed();
    assert.equal(bench.owner.state, 'absent');
    await bench.advance(0);
    assert.equal(bench.open, 0, 'the old connection is closed');
  });

  it('reopens a port that was silent for too long', async () => {
    const bench = new Bench({ silence: 5000 });
    await bench.start();
    await bench.advance(4000);
    bench.receiver?.data(Buffer.from('x'));
    await bench.advance(4999);
    assert.equal(bench.owner.state, 'ready');
    await bench.advance(1);
    assert.equal(bench.owner.state, 'faulted');
    await bench.advance(1000);
    assert.equal(bench.owner.state, 'ready');
    assert.equal(bench.owner.connections, 2);
  });

  it('gives advice for a port without permission', async () => {
    const bench = new Bench();
    bench.failure = DENIED;
    await bench.start();
    assert.equal(bench.owner.state, 'faulted');
    assert.match(bench.owner.reason ?? '', /usermod -aG dialout/);
    await bench.advance(1000);
    await bench.advance(2000);
    assert.equal(bench.lines.length, 1);
  });

  it('ignores events of an abandoned connection', async () => {
    const bench = new Bench();
    await bench.start();
    const old = bench.receiver;
    old?.lost('pulled');
    await bench.advance(1000);
    assert.equal(bench.owner.state, 'ready');
    old?.data(Buffer.from('ghost'));
    old?.lost('again');
    assert.deepEqual(bench.data, []);
    assert.equal(bench.owner.state, 'ready');
  });

  it('closes for good, also while opening', async () => {
    const bench = new Bench();
    bench.owner.start();
    await bench.owner.stop();
    await bench.advance(0);
    assert.equal(bench.open, 0);
    assert.equal(bench.owner.state, 'closed');
    await bench.advance(60_000);
    assert.equal(bench.attempts, 1);
    assert.equal(bench.clock.timers, 0);
  });
});
