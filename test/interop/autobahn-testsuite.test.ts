import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import type { Codec } from '../../src/codec/message/codec.ts';
import { defaultLimits } from '../../src/transport/endpoint/limits.ts';
import { listenWeb } from '../../src/transport/web-server.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';

// Runs the Autobahn testsuite against the WebSocket of wampway. WSTEST is its command. The testsuite needs Python 2.7
// and is not a package of this project: pip install autobahntestsuite==0.8.2

const run = promisify(execFile);

/** Accepts any bytes as a message and returns them unchanged, as the testsuite expects of a server. */
function echoCodec(binary: boolean): Codec {
  const came = new WeakMap<Message, Uint8Array>();
  return {
    name: 'json',
    binary,
    subprotocol: 'wamp.2.json',
    rawSocketId: 1,
    format: jsonCodec.format,
    encode: message => came.get(message) ?? jsonCodec.encode(message),
    decode: frame => {
      const message = { type: MessageType.Published, request: asId<'request'>(1), publication: asId<'publication'>(1) };
      came.set(message, frame);
      return message;
    },
  };
}

/** Adds a subprotocol to each request and removes it from the response, because the testsuite offers none. */
function relay(from: Socket, to: Socket, edit: (head: string) => string): void {
  let head: Buffer | undefined = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    if (head === undefined) {
      to.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    to.write(Buffer.concat([Buffer.from(edit(head.subarray(0, end).toString('latin1'))), head.subarray(end)]));
    head = undefined;
  });
  from.on('error', () => to.destroy());
  from.on('close', () => to.end());
}

interface Verdict {
  readonly behavior: string;
  readonly behaviorClose: string;
}

async function verdicts(command: string, binary: boolean, cases: readonly string[]): Promise<[string, Verdict][]> {
  const codec = echoCodec(binary);
  const heartbeat = { interval: 0, timeout: 0 };
  const limits = { ...defaultLimits, maxMessageSize: 2 ** 26, maxQueuedBytes: 2 ** 28, heartbeat };
  const address = { host: '127.0.0.1', port: 0 };
  const options = {
    address,
    name: 'echo',
    codecs: [codec],
    paths: ['/'],
    limits,
    log: silentLogger,
    clock: systemClock,
  };
  await using listening = await listenWeb(options, link => {
    link.open({ message: message => link.send(message), closed: () => {} });
  });
  const proxy = createServer(client => {
    const server = connect(listening.port, '127.0.0.1');
    relay(client, server, head => `${head}\r\nSec-WebSocket-Protocol: wamp.2.json`);
    relay(server, client, head => head.replace(/\r\nSec-WebSocket-Protocol: [^\r]*/i, ''));
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  const place = proxy.address();
  assert.ok(typeof place === 'object' && place !== null);
  const folder = await mkdtemp(join(tmpdir(), 'wampway-wstest-'));
  try {
    const servers = [{ agent: 'wampway', url: `ws://127.0.0.1:${place.port}` }];
    const spec = { outdir: join(folder, 'reports'), servers, cases, 'exclude-cases': [], 'exclude-agent-cases': {} };
    await writeFile(join(folder, 'spec.json'), JSON.stringify(spec));
    const most = { cwd: folder, maxBuffer: 2 ** 26 };
    await run(command, ['-m', 'fuzzingclient', '-s', join(folder, 'spec.json')], most);
    const index: { wampway: Record<string, Verdict> } = JSON.parse(
      await readFile(join(folder, 'reports', 'index.json'), 'utf8'),
    );
    return Object.entries(index.wampway);
  } finally {
    await new Promise(resolve => proxy.close(resolve));
    await rm(folder, { recursive: true, force: true });
  }
}

describe('the Autobahn testsuite', () => {
  const command = process.env['WSTEST'];
  if (command === undefined) {
    it('is missing: set WSTEST to its command, wstest', t => {
      t.diagnostic('nothing was tested; install it with pip install autobahntestsuite==0.8.2, which needs Python 2.7');
    });
    return;
  }
  const text = ['1.1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '9.1.*', '9.3.*', '9.5.*', '9.7.*', '10.*'];
  const bytes = ['1.2.*', '9.2.*', '9.4.*', '9.6.*', '9.8.*'];
  for (const [kind, cases, least] of [
    ['text', text, 260],
    ['binary', bytes, 35],
  ] as const) {
    it(`reports no failure for ${kind} frames [RFC6455]`, async () => {
      const all = await verdicts(command, kind === 'binary', cases);
      assert.ok(all.length >= least, `only ${all.length} cases`);
      // NON-STRICT: invalid UTF-8 is reported at the end of the text, not at its first invalid octet. INFORMATIONAL:
      // the specification allows several results.
      const fine = ['OK', 'NON-STRICT', 'INFORMATIONAL'];
      const wrong = all.filter(
        ([, { behavior, behaviorClose }]) => !fine.includes(behavior) || !fine.includes(behaviorClose),
      );
      assert.deepEqual(wrong, []);
    });
  }
});
