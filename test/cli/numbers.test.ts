import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { jsonItems } from '../../src/codec/json/json-items.ts';
import { jsonPayload } from '../../src/codec/json/json-values.ts';
import { dial } from '../../src/transport/dial.ts';
import type { Payload } from '../../src/wamp/payload.ts';
import { RouterServer } from '../support/router-server.ts';
import { until } from '../support/until.ts';
import { CommandRun, run } from './command-run.ts';

/** Numbers as typed, and as a subscriber with JSON must receive them. */
const NUMBERS = [
  ['9007199254740993'],
  ['-9007199254740993'],
  ['18446744073709551616'],
  ['-123456789012345678901234567890'],
  ['{"id":1724442618569203714}'],
  ['[[{"a":[1724442618569203714,-1724442618569203715]}]]'],
  ['1.0'],
  ['{"t":21.0,"n":21}'],
  ['-0'],
  ['-0.0'],
  ['1e3'],
  ['1E-7'],
  ['1e400'],
  ['0.1'],
  ['12345678901234567890.5'],
  ['  [ 9007199254740993 ]  ', '[9007199254740993]'],
] as const;

const compact = (text: string): string => text.replace(/\s/g, '');
const decoder = new TextDecoder();
/** Returns the payload as a peer with JSON receives it, without spaces. */
const received = (payload: Payload): string => compact(decoder.decode(payload.itemsIn(jsonItems)));

describe('numbers of the command line', () => {
  let server: RouterServer;
  let json: ClientSession;
  let cbor: ClientSession;
  before(async () => {
    server = await RouterServer.start();
    json = await ClientSession.join(await dial(server.url, { codec: codecNamed('json') }), { realm: 'realm1' });
    cbor = await ClientSession.join(await dial(server.url, { codec: codecNamed('cbor') }), { realm: 'realm1' });
  });
  after(async () => {
    await Promise.all([json.leave(), cbor.leave()]);
    await server.stop();
  });

  it('keep every digit as arguments and named arguments of pub and call, and as the value of register', async () => {
    const url = server.url;
    let got: string | undefined;
    await json.subscribe('n', ({ payload }) => {
      got = received(payload);
    });
    await json.register('echo', ({ payload }) => {
      got = received(payload);
    });
    for (const [typed, right = typed] of NUMBERS) {
      await run('pub', 'n', '--url', url, '--ack', '--', typed, typed);
      assert.equal(await until('the event', () => got), `[${right},${right}]`);
      got = undefined;
      await run('call', 'echo', '--kwarg', `x=${typed}`, '--url', url);
      assert.equal(got, `[],{"x":${right}}`);
      got = undefined;
      const register = await new CommandRun('register', 'value', `--value=${typed}`, '--url', url).ready();
      assert.equal(received((await json.call('value')).payload), `[${right}]`);
      await register.stop();
    }
  });

  it('keep integers and floats distinct in every serializer and transport', async () => {
    const got: Payload[] = [];
    await cbor.subscribe('every', ({ payload }) => got.push(payload.detach()));
    for (const serializer of ['json', 'msgpack', 'cbor']) {
      // Integers of MsgPack have at most 64 bits.
      const far = serializer === 'msgpack' ? -(2n ** 63n) : -123456789012345678901234567890n;
      const typed = `{"id":18446744073709551615,"far":${far},"t":21.0,"n":21}`;
      for (const url of [server.url, `tcp://127.0.0.1:${server.port}`]) {
        await run('pub', 'every', typed, '--ack', '--serializer', serializer, '--url', url);
        const payload = await until('the event', () => got.pop());
        assert.deepEqual(payload.args, [{ id: 2n ** 64n - 1n, far, t: 21, n: 21 }]);
        assert.equal(received(payload), `[${typed}]`, `${serializer} ${url}`);
      }
    }
    const wide = await run('pub', 'every', '[18446744073709551616]', '--serializer', 'msgpack', '--url', server.url);
    assert.equal(wide.code, 2);
    assert.match(wide.stderr, /18446744073709551616 does not fit into the 64 bits of a MsgPack integer.*json or cbor/);
  });

  it('are printed with every digit, for each serializer of the sender', async () => {
    const values = [2n ** 53n + 1n, -(2n ** 63n) + 1n, 2 ** 53, { id: 1724442618569203714n }, 0.5];
    const text = '[9007199254740993,-9223372036854775807,9007199254740992,{"id":1724442618569203714},0.5]';
    await cbor.register('all', () => [values]);
    for (const serializer of ['json', 'msgpack', 'cbor']) {
      const options = ['--serializer', serializer, '--url', server.url];
      assert.equal((await run('call', 'all', ...options)).stdout, `[${text}]\n`);
      assert.equal((await run('call', 'all', '--json', ...options)).stdout, `{"args":[[${text}]],"kwargs":{}}\n`);
      const sub = await new CommandRun('sub', 'printed', '--count', '2', ...options).ready();
      await cbor.publish('printed', { args: values, kwargs: { n: 2n ** 63n } });
      await run('pub', 'printed', '21.0', '21', '-0', '--url', server.url);
      await sub.exitCode;
      assert.match(sub.lines[0] ?? '', / printed {2}\[9007.*\] \{"n":9223372036854775808\}$/);
      assert.ok(sub.lines[0]?.includes(text));
    }
  });

  it('are printed on one line as the sender with JSON wrote them', async () => {
    const text =
      '[ 1e400, 0.10, 1E-7, 0.12345678901234567890,\r\n -0, "a \\"b\\\\", "\\u00fc \\/", { "k \\\\" : [ ] } ]';
    const sub = await new CommandRun('sub', 'written', '--count', '1', '--url', server.url).ready();
    await json.publish('written', { payload: jsonPayload(text) });
    await sub.exitCode;
    assert.equal(sub.lines.length, 1);
    assert.ok(
      sub.lines[0]?.endsWith(' [1e400,0.10,1E-7,0.12345678901234567890,-0,"a \\"b\\\\","ü /",{"k \\\\":[]}]'),
      sub.lines[0],
    );
  });

  it('pass through a command of register --exec', async () => {
    const register = await new CommandRun('register', 'cat', '--exec', 'cat', '--url', server.url).ready();
    const { stdout } = await run('call', 'cat', '9007199254740993', '21.0', '--url', server.url);
    assert.equal(stdout, '{"procedure":"cat","args":[9007199254740993,21.0],"kwargs":{}}\n');
    await register.stop();
  });

  it('stay text if they are not valid JSON, and are rejected if they are nested too deeply', async () => {
    let got: readonly unknown[] | undefined;
    await json.subscribe('words', ({ args }) => {
      got = args;
    });
    const words = ['01', '+1', '.5', '0x10', 'NaN', '1_000', '', '1,2', '1],[2', '1 2'];
    await run('pub', 'words', '--ack', '--url', server.url, '--', ...words);
    assert.deepEqual(await until('the event', () => got), words);
    const deep = await run('pub', 'words', `${'['.repeat(300)}${']'.repeat(300)}`, '--url', server.url);
    assert.equal(deep.code, 2);
    assert.match(deep.stderr, /cannot be sent: .*nested deeper than 256/);
  });
});
