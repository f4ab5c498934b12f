import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { dial } from '../../src/transport/dial.ts';
import { freePorts } from '../support/free-ports.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const examples = join(root, 'examples/micropython');
const programs = join(root, 'test/interop/micropython');

/** The example runs on boards and on a computer. */
const interpreters = [process.env['MICROPYTHON'] ?? 'micropython', 'python3'];

const started = new Set<ChildProcess>();
after(() => {
  for (const child of started) child.kill('SIGKILL');
});

function python(interpreter: string, args: readonly string[], folder = programs) {
  const child = spawn(interpreter, ['-u', ...args].slice(interpreter === 'python3' ? 0 : 1), {
    cwd: folder,
    env: { ...process.env, MICROPYPATH: examples, PYTHONPATH: examples },
  });
  started.add(child);
  const run = { child, output: '', closed: once(child, 'close') };
  const collect = (data: unknown): void => {
    run.output += String(data);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return run;
}

/** A listener on a free port that calls `onConnection` for each connection, and counts the connections. */
class Refuser {
  open = 0;
  seen = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(onConnection: (socket: Socket) => void) {
    this.#server = createServer(socket => {
      this.open++;
      this.seen++;
      this.#sockets.add(socket);
      socket.on('close', () => this.open--);
      socket.on('error', () => {}).resume();
      onConnection(socket);
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

const ACCEPTED = Buffer.from('7f730000', 'hex');
const frame = (message: unknown): Buffer => {
  const body = Buffer.from(String(message), 'hex');
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
};
const wampText = (text: string): string => (0x60 + text.length).toString(16) + Buffer.from(text).toString('hex');

/** Ways to reject a device, and the error that it must report. */
const refusals: Readonly<Record<string, [answer: (socket: Socket) => void, says: RegExp]>> = {
  'a rejected handshake': [socket => socket.write(Buffer.from('7f100000', 'hex')), /refused the handshake/],
  'an ABORT': [
    socket => socket.write(Buffer.concat([ACCEPTED, frame(`8303a0${wampText('wamp.error.no')}`)])),
    /refused the device.*wamp\.error\.no/,
  ],
  'a challenge that it cannot answer': [
    socket => socket.write(Buffer.concat([ACCEPTED, frame(`8304${wampText('wampcra')}a0`)])),
    /wants a proof.*wampcra/,
  ],
  'the end of the connection': [socket => void socket.on('data', () => socket.end()), /./],
  'a truncated answer': [
    socket => socket.write(Buffer.concat([ACCEPTED, frame(`8302016361`)])),
    /cannot be read.*cut off/,
  ],
  'an answer that is too long': [
    socket => socket.write(Buffer.concat([ACCEPTED, Buffer.from('00ffffff', 'hex')])),
    /more than 65536/,
  ],
};

for (const interpreter of interpreters) {
  const name = interpreter === 'python3' ? 'Python' : 'MicroPython';

  describe(`the MicroPython client on ${name}`, { timeout: 120_000 }, () => {
    for (const [what, program] of [
      ['reads every form of CBOR, and rejects truncated and malformed data', 'cbor_cases.py'],
      ['waits with ticks that wrap around, for any clock and precision of floats', 'clock_cases.py'],
    ] as const) {
      it(what, async () => {
        const run = python(interpreter, [program]);
        await run.closed;
        assert.equal(run.output, 'done\n');
      });
    }

    for (const [what, [answer, says]] of Object.entries(refusals)) {
      it(`closes its socket after ${what}, in twenty of twenty attempts`, async () => {
        const refuser = new Refuser(answer);
        try {
          const run = python(interpreter, ['refused_cases.py', String(await refuser.listen())]);
          await until(`twenty refusals; so far: ${run.output}`, () => /20 refused/.test(run.output), 30);
          assert.match(run.output, says);
          await until('all are closed', () => refuser.open === 0).catch(() => {});
          assert.deepEqual({ seen: refuser.seen, open: refuser.open }, { seen: 20, open: 0 });
          run.child.stdin.end('\n');
          await run.closed;
        } finally {
          refuser.close();
        }
      });
    }

    it('closes its socket after a timeout', async () => {
      const refuser = new Refuser(socket => socket.write(ACCEPTED));
      const run = python(interpreter, ['refused_cases.py', String(await refuser.listen())]);
      await until('three attempts', () => refuser.seen >= 3, 30);
      assert.ok(refuser.open <= 1, `${refuser.open} of ${refuser.seen} are open`);
      run.child.kill();
      await run.closed;
      refuser.close();
    });

    it('connects from a board, where sys.argv is empty', async () => {
      for (const argv of ['', '""']) {
        const refuser = new Refuser(() => {});
        const port = await refuser.listen();
        const script = `import sys; sys.argv[:] = [${argv}]
import wampway
def device(host, port, name, **_):
    print(host, port, name)
    raise SystemExit
wampway.Device = device
import sensor`;
        const run = python(interpreter, ['-c', script]);
        await run.closed;
        assert.match(run.output, /^127\.0\.0\.1 8082 esp32_kitchen\n/, String(port));
        refuser.close();
      }
    });
  });

  describe(`the MicroPython client on ${name}, at a gateway that rejects anonymous devices`, {
    timeout: 120_000,
  }, () => {
    let gateway: GatewayProcess;
    let dashboard: ClientSession;
    before(async () => {
      const [web = 0, rawSocket = 0, mqtt = 0, device = 0] = await freePorts(4);
      const principals = 'principals:\n  - { authid: pump, role: device, ticket: "the ticket of the pump" }\n';
      const env = { WAMPWAY_BRIDGES__CBOR_TCP__ANONYMOUS: 'none' };
      gateway = await GatewayProcess.start(principals, env, { web, rawSocket, mqtt, device });
      dashboard = await ClientSession.join(await dial(gateway.url, { codec: codecNamed('json') }), { realm: 'realm1' });
    });
    after(async () => {
      await dashboard.leave();
      await gateway.stop();
    });

    const sensor = (...args: string[]) =>
      python(interpreter, [join(examples, 'sensor.py'), '127.0.0.1', String(gateway.ports.device), ...args]);

    it('logs in with its ticket, publishes and answers calls', async () => {
      const seen: unknown[] = [];
      const { unsubscribe } = await dashboard.subscribe('dev.pump.temperature', ({ args }) => seen.push(args[0]));
      const run = sensor('pump', 'the ticket of the pump');
      await until(`an event; so far: ${run.output}`, () => seen.length > 1, 20);
      assert.deepEqual((await dashboard.call('dev.pump.led.set', { args: [true] })).args, [true]);
      await unsubscribe();
      run.child.kill();
      await run.closed;
    });

    it('reports that the ticket is wrong or missing', async () => {
      for (const ticket of [['wrong'], []]) {
        const run = sensor('pump', ...ticket);
        await until(
          `a refusal; so far: ${run.output}`,
          () => /not connected: .*refused the device.*wamp\.error\./.test(run.output),
          20,
        );
        run.child.kill();
        await run.closed;
      }
    });

    it('accepts large and deeply nested values, and handlers that publish', async () => {
      const run = python(interpreter, [
        'spare_device.py',
        String(gateway.ports.device),
        'pump',
        'the ticket of the pump',
      ]);
      await until(`it is ready; so far: ${run.output}`, () => run.output.includes('ready'), 20);
      const values = [
        2n ** 63n,
        -(2n ** 64n),
        2n ** 70n,
        2 ** 53,
        1.5,
        'ü',
        [1, [2, { a: [null] }]],
        new Uint8Array([1, 255]),
      ];
      for (const value of values) {
        assert.deepEqual((await dashboard.call('dev.pump.show', { args: [value] })).args, [value]);
      }
      let deep: unknown = 1;
      for (let i = 0; i < 200; i++) deep = [deep];
      await assert.rejects(dashboard.call('dev.pump.show', { args: [deep] }), /invalid_argument|levels/);
      assert.deepEqual((await dashboard.call('dev.pump.publish', { args: [7] })).args, [7]);
      assert.deepEqual((await dashboard.call('dev.pump.show', { args: ['still here'] })).args, ['still here']);
      run.child.kill();
      await run.closed;
    });
  });
}
