import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GatewayProcess } from '../support/gateway-process.ts';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const program = join(root, 'test/interop/peers/paho_client.py');
const python = process.env['PYTHON'] ?? '/usr/bin/python3';
const COUNT = 60;

describe('paho for Python', () => {
  let gateway: GatewayProcess;
  before(async () => {
    gateway = await GatewayProcess.start();
  });
  after(() => gateway?.stop());

  const numbers = Array.from({ length: COUNT }, (_, n) => n);
  for (const [transport, port] of [
    ['tcp', 'mqtt'],
    ['websockets', 'web'],
  ] as const) {
    for (const [name, version] of [
      ['3.1', 3],
      ['3.1.1', 4],
    ] as const) {
      it(`receives live, kept and retained messages and wills of MQTT ${name} over ${transport}`, async () => {
        const args = [program, '127.0.0.1', String(gateway.ports[port]), transport, String(version)];
        const { stdout } = await run(python, args, { timeout: 60_000 });
        const prefix = `paho/${transport}/${version}`;
        const message = (topic: string, text: unknown, qos: number, retain = 0) => [
          `${prefix}/${topic}`,
          `${text}`,
          qos,
          retain,
        ];
        assert.deepEqual(JSON.parse(stdout), {
          live: [0, 1, 2].flatMap(qos => numbers.map(n => message(`${qos}`, n, qos))),
          // MQTT 3.1 has no session present flag.
          present: version === 4 ? 1 : 0,
          kept: numbers.map(n => message('kept', n, 1 + (n % 2))),
          retained: [message('retained', 'here', 1, 1)],
          will: [message('will', 'gone', 1)],
        });
      });
    }
  }
});
