import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { serialConfig } from '../../../bridges/serial/config/serial-config.ts';
import { watchNothing } from '../../../bridges/serial/port/path-watcher.ts';
import { portOpener } from '../../../bridges/serial/port/port-opener.ts';
import { serialBridge, startSerialDevices } from '../../../bridges/serial/serial-bridge.ts';
import type { SerialDevice } from '../../../bridges/serial/serial-device.ts';
import type { SimulatedDevice, SimulatedLine } from '../../../bridges/serial/simulation/simulated-device.ts';
import type { CallOptions, JoinedSession, WampEvent } from '../../../src/client/api/session-api.ts';
import { WampError } from '../../../src/wamp/errors.ts';
import { TestGateway } from '../../support/bridge-context.ts';
import { until } from '../../support/until.ts';

const port = {
  id: 'g1',
  path: 'demo:board',
  resyncIdle: 20,
  queue: 2,
  publish: [
    { match: '^T=(?<temperature>[-\\d.]+) H=(?<humidity>[\\d.]+)$', topic: 'climate' },
    { match: '^S (?<soil>\\d+) (?<light>\\d+)$', topic: '{name}' },
  ],
  procedures: [
    {
      name: 'relay.set',
      write: 'RELAY {channel} {state}\n',
      args: [
        { name: 'channel', type: 'integer', min: 1, max: 8 },
        { name: 'state', type: 'enum', values: ['on', 'off'] },
      ],
      expect: '^OK (?<state>on|off)$',
      error: '^ERR (?<message>.*)$',
      timeout: 10_000,
    },
    { name: 'reset', write: 'RESET\n' },
  ],
};

/** A device that the test plays: it gives prepared answers, and can be unplugged and plugged in. */
class Board implements SimulatedDevice {
  readonly commands: string[] = [];
  answer: (command: string) => string | undefined = () => undefined;
  line: SimulatedLine | undefined;

  connect(line: SimulatedLine) {
    this.line = line;
    return {
      receive: (bytes: Uint8Array): void => {
        const command = Buffer.from(bytes).toString();
        this.commands.push(command);
        const answer = this.answer(command);
        if (answer !== undefined) line.send(answer);
      },
      disconnect: (): void => {
        this.line = undefined;
      },
    };
  }

  send(text: string): void {
    assert.ok(this.line !== undefined, 'the board is not connected');
    this.line.send(text);
  }
}

interface Bench {
  readonly gateway: TestGateway;
  readonly board: Board;
  readonly device: SerialDevice;
  readonly user: JoinedSession;
  readonly events: WampEvent[];
  /** Plugs the board in or unplugs it, so that the next opening succeeds or fails. */
  plug(there: boolean): void;
  call(procedure: string, options?: CallOptions): Promise<unknown>;
}

async function bench(change: Record<string, unknown>, test: (bench: Bench) => Promise<void>): Promise<void> {
  await using gateway = new TestGateway();
  const board = new Board();
  const present = new Map([['board', board]]);
  let changed: () => void = () => {};
  const user = await gateway.join();
  const events: WampEvent[] = [];
  await user.subscribe('serial.', event => events.push(event), { match: 'prefix' });
  const config = serialConfig.parse({ ports: [{ ...port, ...change }] });
  await using running = await startSerialDevices(config, gateway.context, {
    open: portOpener(present),
    watch: (path, clock, notify) => {
      changed = notify;
      return { ...watchNothing(path, clock, notify), exists: () => present.has('board') };
    },
    random: () => 0.5,
  });
  const [device] = running.devices;
  assert.ok(device !== undefined);
  await until('the port to be ready', () => device.state === 'ready');
  await test({
    gateway,
    board,
    device,
    user,
    events,
    plug: there => {
      if (there) present.set('board', board);
      else {
        present.delete('board');
        board.line?.unplug();
      }
      changed();
    },
    call: async (procedure, options) => {
      try {
        const { args, kwargs } = await user.call(procedure, options);
        return { args, kwargs };
      } catch (error) {
        assert.ok(error instanceof WampError);
        return [error.uri, error.args[0]];
      }
    },
  });
}

/** The payloads of the events on `topic` so far. */
function on(events: readonly WampEvent[], topic: string): unknown[] {
  return events.filter(event => event.topic === topic).map(({ args, kwargs }) => (args.length > 0 ? args : kwargs));
}

const relayOn: CallOptions = { args: [1, 'on'] };

/** Waits until the procedure is registered, which happens shortly after the port is ready. */
async function registered({ user }: { readonly user: JoinedSession }, procedure: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      await user.call(procedure, { args: ['too', 'many', 'arguments'] });
      return;
    } catch (error) {
      assert.ok(error instanceof WampError);
      if (error.uri === 'wamp.error.invalid_argument') return;
      assert.ok(error.uri === 'wamp.error.no_such_procedure' && Date.now() < deadline, error.message);
    }
    await new Promise(again => setTimeout(again, 5));
  }
}

// Timers of the clock do not keep a process alive, and a simulated port has no other handle.
let awake: NodeJS.Timeout;
before(() => {
  awake = setInterval(() => {}, 1000);
});
after(() => clearInterval(awake));

describe('serial bridge', () => {
  it('publishes the named values of lines as the device itself', () =>
    bench({}, async ({ board, events, device }) => {
      board.send('T=21.5 H=40\r\nnoise\xff\u0000\nS 55 300\n');
      await until('the events', () => on(events, 'serial.g1.light').length > 0);
      assert.deepEqual(on(events, 'serial.g1.climate'), [{ temperature: 21.5, humidity: 40 }]);
      assert.deepEqual(on(events, 'serial.g1.soil'), [[55]]);
      assert.deepEqual(on(events, 'serial.g1.light'), [[300]]);
      assert.equal(device.counters.unmatched, 1);
      assert.equal(device.counters.events, 3);
    }));

  it("returns the device's answer to a call", () =>
    bench({}, async table => {
      table.board.answer = command => (command === 'RELAY 1 on\n' ? 'OK on\r\n' : 'ERR no such channel\r\n');
      await registered(table, 'serial.g1.relay.set');
      assert.deepEqual(await table.call('serial.g1.relay.set', relayOn), { args: [], kwargs: { state: 'on' } });
      assert.deepEqual(await table.call('serial.g1.relay.set', { kwargs: { channel: 2, state: 'off' } }), [
        'wampway.error.device',
        'no such channel',
      ]);
      assert.deepEqual(await table.call('serial.g1.relay.set', { args: [9, 'on'] }), [
        'wamp.error.invalid_argument',
        'argument "channel" must be an integer from 1 to 8 (got 9)',
      ]);
      assert.deepEqual(table.board.commands, ['RELAY 1 on\n', 'RELAY 2 off\n']);
      assert.deepEqual(await table.call('serial.g1.reset'), { args: [], kwargs: {} });
    }));

  it('publishes frames that arrive while a call waits for its answer', () =>
    bench({}, async table => {
      table.board.answer = () => 'T=1 H=2\nOK on\nT=3 H=4\n';
      await registered(table, 'serial.g1.relay.set');
      assert.deepEqual(await table.call('serial.g1.relay.set', relayOn), { args: [], kwargs: { state: 'on' } });
      await until('both events', () => on(table.events, 'serial.g1.climate').length === 2);
      assert.equal(table.device.counters.unmatched, 0);
    }));

  it('times out if the device is silent, and discards its late answer', () =>
    bench({ procedures: [{ ...port.procedures[0], timeout: 150 }] }, async table => {
      await registered(table, 'serial.g1.relay.set');
      const [uri] = (await table.call('serial.g1.relay.set', relayOn)) as unknown[];
      assert.equal(uri, 'wamp.error.timeout');
      table.board.send('OK on\n');
      await until('the late answer', () => table.device.counters.lateReplies === 1);
      table.board.answer = () => 'OK off\n';
      assert.deepEqual(await table.call('serial.g1.relay.set', { args: [1, 'off'] }), {
        args: [],
        kwargs: { state: 'off' },
      });
    }));

  it('survives unplugging and plugging in, and fails a call in between at once', () =>
    bench({}, async table => {
      await registered(table, 'serial.g1.relay.set');
      const pending = table.call('serial.g1.relay.set', relayOn);
      await until('the command', () => table.board.commands.length === 1);
      table.plug(false);
      assert.deepEqual(((await pending) as unknown[])[0], 'wamp.error.canceled');
      await until('the absence', () => table.device.state === 'absent');
      const [uri] = (await table.call('serial.g1.relay.set', relayOn)) as unknown[];
      assert.equal(uri, 'wamp.error.no_such_procedure');
      table.plug(true);
      await until('the return', () => table.device.state === 'ready');
      table.board.answer = () => 'OK on\n';
      await registered(table, 'serial.g1.relay.set');
      assert.deepEqual(await table.call('serial.g1.relay.set', relayOn), { args: [], kwargs: { state: 'on' } });
      assert.deepEqual(table.board.commands, ['RELAY 1 on\n', 'RELAY 1 on\n'], 'nothing was kept for later');
      const states = on(table.events, 'serial.g1.status').map(status => (status as { state: string }).state);
      assert.deepEqual(states, ['opening', 'ready', 'absent', 'ready']);
    }));

  it('keeps procedures registered with keepRegistered, and returns the reason of failures', () =>
    bench({ keepRegistered: true }, async table => {
      table.plug(false);
      await until('the absence', () => table.device.state === 'absent');
      const [uri, text] = (await table.call('serial.g1.relay.set', relayOn)) as unknown[];
      assert.equal(uri, 'wamp.error.unavailable');
      assert.match(String(text), /^serial port demo:board is not connected: unplugged/);
      assert.deepEqual(table.board.commands, []);
    }));

  it('returns its status on request', () =>
    bench({}, async table => {
      table.board.send('x\n');
      await until('the line', () => table.device.counters.frames === 1);
      const { kwargs } = await table.user.call('serial.g1.status');
      assert.equal(kwargs['state'], 'ready');
      assert.equal(kwargs['path'], 'demo:board');
      assert.deepEqual(kwargs['counters'], {
        connections: 1,
        bytes: 2,
        frames: 1,
        overruns: 0,
        unmatched: 1,
        events: 0,
        unpublished: 0,
        commands: 0,
        timeouts: 0,
        lateReplies: 0,
        refused: 0,
      });
    }));

  it('drops an overlong line and continues', () =>
    bench({ framing: { type: 'line', maxLength: 20 } }, async table => {
      table.board.send(`${'x'.repeat(5000)}\nT=1 H=2\n`);
      await until('the line after it', () => on(table.events, 'serial.g1.climate').length === 1);
      assert.equal(table.device.counters.overruns, 1);
    }));

  it('bounds the waiting calls and keeps their order', () =>
    bench({}, async table => {
      await registered(table, 'serial.g1.relay.set');
      const calls = [1, 2, 3, 4].map(channel => table.call('serial.g1.relay.set', { args: [channel, 'on'] }));
      const [uri] = (await calls[3]) as unknown[];
      assert.equal(uri, 'wamp.error.unavailable');
      await until('the first command', () => table.board.commands.length > 0);
      assert.deepEqual(table.board.commands, ['RELAY 1 on\n']);
      table.board.answer = () => 'OK on\n';
      table.board.send('OK on\n');
      await Promise.all(calls.slice(0, 3));
      assert.deepEqual(table.board.commands, ['RELAY 1 on\n', 'RELAY 2 on\n', 'RELAY 3 on\n']);
    }));

  it('joins again when the router ends its session', async () => {
    await using gateway = new TestGateway();
    const sessions: JoinedSession[] = [];
    const context = {
      ...gateway.context,
      join: async (identity: Parameters<typeof gateway.join>[0]) => {
        const session = await gateway.join(identity);
        sessions.push(session);
        return session;
      },
    };
    const board = new Board();
    await using running = await startSerialDevices(serialConfig.parse({ ports: [port] }), context, {
      open: portOpener(new Map([['board', board]])),
      watch: watchNothing,
      random: () => 0.5,
    });
    await until('the port to be ready', () => running.devices[0]?.state === 'ready');
    await sessions[0]?.leave();
    await until('another session', () => sessions.length === 2);
    board.answer = () => 'OK on\n';
    const user = await gateway.join();
    await registered({ user }, 'serial.g1.relay.set');
    assert.deepEqual((await user.call('serial.g1.relay.set', relayOn)).kwargs, { state: 'on' });
  });

  it('stops while the port is open, one call is active and another waits', () =>
    bench({}, async table => {
      await registered(table, 'serial.g1.relay.set');
      const calls = [1, 2].map(channel => table.call('serial.g1.relay.set', { args: [channel, 'on'] }));
      await until('the command', () => table.board.commands.length === 1);
      await table.device[Symbol.asyncDispose]();
      for (const call of calls) assert.equal(((await call) as unknown[])[0], 'wamp.error.canceled');
      assert.equal(table.device.state, 'closed');
      assert.equal(table.board.line, undefined);
    }));
});

describe('serial demo', () => {
  it('adds a greenhouse that publishes each second through its port and executes commands', async () => {
    await using gateway = new TestGateway();
    const user = await gateway.join();
    const moisture: number[] = [];
    await user.subscribe('serial.greenhouse.moisture', event => moisture.push(Number(event.args[0])));
    const { demo } = serialBridge;
    assert.ok(demo !== undefined);
    const config = demo.prepare(serialConfig.parse({}));
    await using running = await serialBridge.start(config, gateway.context);
    assert.deepEqual(running.banner, ['demo:greenhouse at 115200 baud, as serial.greenhouse']);
    await until('a first value', () => moisture.length >= 1);
    assert.deepEqual((await user.call('serial.greenhouse.relay.set', { args: ['on'] })).args, ['on']);
    await until('water in the soil', () => moisture.length >= 3);
    const [first = 0, , third = 0] = moisture;
    assert.ok(third > first, `${third} is not more than ${first}`);
  });

  it('keeps a configured greenhouse unchanged', () => {
    const config = serialConfig.parse({ ports: [{ id: 'greenhouse', path: '/dev/ttyUSB0' }] });
    assert.equal(serialBridge.demo?.prepare(config), config);
  });
});
