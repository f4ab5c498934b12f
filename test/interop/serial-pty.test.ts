import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { serialBridge } from '../../bridges/serial/serial-bridge.ts';
import type { JoinedSession, WampEvent } from '../../src/client/api/session-api.ts';
import { WampError } from '../../src/wamp/errors.ts';
import { TestGateway } from '../support/bridge-context.ts';
import { until } from '../support/until.ts';

const relay = {
  name: 'relay.set',
  write: 'RELAY {channel} {state}\n',
  args: [
    { name: 'channel', type: 'integer', min: 1, max: 8 },
    { name: 'state', type: 'enum', values: ['on', 'off'] },
  ],
  expect: '^OK (?<state>on|off)$',
  error: '^ERR (?<message>.*)$',
  timeout: 10_000,
};

const publish = [{ match: '^T=(?<temperature>[-\\d.]+) H=(?<humidity>[\\d.]+)$', topic: 'climate' }];

/** A pseudo-terminal. The gateway sees it as a board on a cable, and the test is the board. */
class Cable {
  readonly path: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'wampway-pty-'));
  #socat: ChildProcess | undefined;
  /** The complete lines that the gateway has written. */
  readonly lines: string[] = [];
  answer: (line: string) => string | undefined = () => undefined;

  constructor() {
    this.path = join(this.#folder, 'ttyTest');
  }

  /** Plugs the cable in. The path exists when the promise resolves. */
  async plug(): Promise<void> {
    const socat = spawn('socat', [`pty,link=${this.path},raw,echo=0`, 'stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#socat = socat;
    await new Promise<void>((resolve, reject) => {
      socat.once('spawn', resolve);
      socat.once('error', () => reject(new Error('socat is not installed: apt-get install socat')));
    });
    let rest = '';
    socat.stdout?.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        this.lines.push(line);
        const answer = this.answer(line);
        if (answer !== undefined) this.send(answer);
      }
    });
  }

  send(data: string | Uint8Array): void {
    this.#socat?.stdin?.write(data);
  }

  /** Unplugs the cable without a signal to the gateway. */
  async pull(): Promise<void> {
    const socat = this.#socat;
    this.#socat = undefined;
    if (socat === undefined) return;
    const gone = new Promise(resolve => socat.once('exit', resolve));
    socat.kill('SIGKILL');
    await gone;
    // Unlike udev, a killed socat leaves the link to the removed terminal.
    rmSync(this.path, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pull();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

interface Table {
  readonly cable: Cable;
  readonly user: JoinedSession;
  readonly climate: WampEvent[];
  state(): string;
  status(): Promise<Record<string, unknown>>;
  /** Returns the keyword arguments of the result, or the error URI. */
  call(channel: number, state: string): Promise<unknown>;
}

async function onTable(change: Record<string, unknown>, test: (table: Table) => Promise<void>): Promise<void> {
  await using gateway = new TestGateway();
  await using cable = new Cable();
  const user = await gateway.join();
  const climate: WampEvent[] = [];
  let state = '';
  await user.subscribe('serial.pty.climate', event => climate.push(event));
  await user.subscribe('serial.pty.status', event => {
    state = String(event.kwargs['state']);
  });
  const port = { id: 'pty', path: cable.path, line: '115200n81', publish, procedures: [relay], ...change };
  await using _running = await serialBridge.start(serialBridge.schema.parse({ ports: [port] }), gateway.context);
  await test({
    cable,
    user,
    climate,
    state: () => state,
    status: async () => (await user.call('serial.pty.status')).kwargs['counters'] as Record<string, unknown>,
    call: (channel, wanted) =>
      user.call('serial.pty.relay.set', { args: [channel, wanted] }).then(
        result => result.kwargs,
        (error: unknown) => (error instanceof WampError ? error.uri : error),
      ),
  });
}

/** Calls until the procedure is registered, shortly after the port is ready. */
async function firstCall(table: Table, channel: number, state: string): Promise<unknown> {
  for (;;) {
    const outcome = await table.call(channel, state);
    if (outcome !== 'wamp.error.no_such_procedure') return outcome;
    await new Promise(again => setTimeout(again, 10));
  }
}

describe('serial bridge on a pseudo-terminal', { timeout: 60_000 }, () => {
  it('opens the port, publishes values and answers calls', () =>
    onTable({}, async table => {
      const { cable } = table;
      cable.answer = line => (line.startsWith('RELAY 1') ? `OK ${line.split(' ')[2]}\r\n` : 'ERR no such channel\r\n');
      await cable.plug();
      await until('the port', () => table.state() === 'ready');
      cable.send('T=21.5 H=40\r\n');
      await until('the values', () => table.climate.length === 1);
      assert.deepEqual(table.climate[0]?.kwargs, { temperature: 21.5, humidity: 40 });
      assert.deepEqual(await firstCall(table, 1, 'on'), { state: 'on' });
      assert.equal(await table.call(2, 'on'), 'wampway.error.device');
      assert.deepEqual(cable.lines, ['RELAY 1 on', 'RELAY 2 on']);
    }));

  it('reconnects after unplugging and plugging in, and calls fail immediately meanwhile', () =>
    onTable({}, async table => {
      const { cable } = table;
      await cable.plug();
      await until('the port', () => table.state() === 'ready');
      const pending = firstCall(table, 1, 'on');
      await until('the command', () => cable.lines.length === 1);
      await cable.pull();
      assert.equal(await pending, 'wamp.error.canceled');
      await until('the absence', () => table.state() === 'absent');
      assert.equal(await table.call(1, 'on'), 'wamp.error.no_such_procedure');
      for (let round = 0; round < 3; round++) {
        cable.answer = () => 'OK on\n';
        await cable.plug();
        await until('the return', () => table.state() === 'ready');
        assert.deepEqual(await firstCall(table, 1, 'on'), { state: 'on' });
        cable.send('T=1 H=2\n');
        await until('values again', () => table.climate.length === round + 1);
        await cable.pull();
        await until('the absence', () => table.state() === 'absent');
      }
      assert.deepEqual(cable.lines, Array(4).fill('RELAY 1 on'), 'a command was kept for later');
      assert.equal((await table.status())['connections'], 4);
    }));

  it('reports a timeout, discards the late answer, and does not give it to the next call', () =>
    onTable({ resyncIdle: 5000, procedures: [{ ...relay, timeout: 200 }] }, async table => {
      const { cable } = table;
      await cable.plug();
      await until('the port', () => table.state() === 'ready');
      assert.equal(await firstCall(table, 1, 'on'), 'wamp.error.timeout');
      const next = table.call(1, 'off');
      cable.answer = () => 'OK off\n';
      cable.send('OK on\n');
      assert.deepEqual(await next, { state: 'off' });
      const { timeouts, lateReplies } = await table.status();
      assert.deepEqual([timeouts, lateReplies], [1, 1]);
    }));

  it('finds the next line after garbage and after a line that is too long', () =>
    onTable({ framing: { type: 'line', maxLength: 64 } }, async table => {
      const { cable } = table;
      await cable.plug();
      await until('the port', () => table.state() === 'ready');
      cable.send(Uint8Array.from({ length: 256 }, (_, i) => i));
      cable.send(`\n${'x'.repeat(100_000)}\nT=1 H=2\n`);
      await until('the values', () => table.climate.length === 1);
      const { overruns, unmatched } = await table.status();
      // The garbage contains a line feed after ten bytes. More than 64 bytes follow.
      assert.deepEqual([overruns, unmatched], [2, 1]);
    }));

  it('reports that another program has opened the port', async () => {
    await onTable({}, async table => {
      await table.cable.plug();
      await until('the port', () => table.state() === 'ready');
      await using gateway = new TestGateway();
      const user = await gateway.join();
      const port = { id: 'second', path: table.cable.path };
      await using _running = await serialBridge.start(serialBridge.schema.parse({ ports: [port] }), gateway.context);
      for (;;) {
        const { kwargs } = await user.call('serial.second.status');
        if (kwargs['state'] === 'faulted') {
          assert.match(String(kwargs['reason']), /another program has .* open: "fuser -v/);
          break;
        }
        assert.notEqual(kwargs['state'], 'ready');
        await new Promise(again => setTimeout(again, 10));
      }
    });
  });
});
