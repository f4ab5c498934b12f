import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { codecNamed, codecs } from '../../src/codec/codecs.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Everything that `file` imports, however far away: files of ours by path, packages by name. */
function reach(file: string, seen = new Set<string>()): Set<string> {
  for (const [, specifier = ''] of readFileSync(join(root, file), 'utf8').matchAll(
    /^import (?!type).*?'([^']+)';$|^\} from '([^']+)';$/gms,
  )) {
    const to = specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier;
    if (seen.has(to)) continue;
    seen.add(to);
    if (specifier.startsWith('.')) reach(to, seen);
  }
  return seen;
}

describe('codecs', () => {
  it('have the names and numbers of the transports [advanced/transport_rawsocket]', () => {
    assert.deepEqual(
      codecs.map(({ name, binary, subprotocol, rawSocketId }) => [name, binary, subprotocol, rawSocketId]),
      [
        ['json', false, 'wamp.2.json', 1],
        ['msgpack', true, 'wamp.2.msgpack', 2],
        ['cbor', true, 'wamp.2.cbor', 3],
      ],
    );
    for (const codec of codecs) assert.equal(codecNamed(codec.name), codec);
    assert.equal(new Set(codecs.map(({ format }) => format.slot)).size, 3);
  });

  it('leave out empty arguments and keyword arguments at the end [basic/messages]', () => {
    const frames: Record<string, readonly [string, string, string, string]> = {
      json: ['[16,1,{},"a",[ ]]', '[16,1,{},"a",[],{}]', '[16,1,{},"a",[1],{ }]', '[16,1,{},"a",[],{"k":1}]'],
      msgpack: ['95100180a16190', '96100180a1619080', '96100180a161910180', '96100180a1619081a16b01'],
      cbor: ['851001a0616180', '861001a0616180a0', '861001a061618101a0', '861001a0616180a1616b01'],
    };
    for (const codec of codecs) {
      const counts = frames[codec.name]?.map(text => {
        const message = codec.decode(Buffer.from(text, codec.binary ? 'hex' : 'utf8'));
        return 'payload' in message && [message.payload.count, message.payload.args, message.payload.kwargs];
      });
      assert.deepEqual(counts, [
        [0, [], {}],
        [0, [], {}],
        [1, [1], {}],
        [2, [], { k: 1 }],
      ]);
    }
  });

  it('accept null for arguments and keyword arguments, unless they are strict [basic/messages]', () => {
    const frames: Record<string, readonly [string, string, string, string]> = {
      json: ['[16,1,{},"a",null]', '[16,1,{},"a",null,null]', '[16,1,{},"a",[1], null ]', '[16,1,{},"a",null,{"k":1}]'],
      msgpack: ['95100180a161c0', '96100180a161c0c0', '96100180a1619101c0', '96100180a161c081a16b01'],
      cbor: ['851001a06161f6', '861001a06161f6f6', '861001a061618101f6', '861001a06161f6a1616b01'],
    };
    for (const codec of codecs) {
      const found = frames[codec.name]?.map(text => {
        const frame = Buffer.from(text, codec.binary ? 'hex' : 'utf8');
        assert.throws(() => codec.decode(frame, true), { name: 'ProtocolViolation', message: /, not null$/ });
        const message = codec.decode(frame);
        return 'payload' in message && [message.payload.count, message.payload.args, message.payload.kwargs];
      });
      assert.deepEqual(found, [
        [0, [], {}],
        [0, [], {}],
        [1, [1], {}],
        [2, [], { k: 1 }],
      ]);
    }
    assert.throws(() => codecNamed('json').decode(Buffer.from('[16,1,{},"a",nul]')), { name: 'ProtocolViolation' });
    assert.throws(() => codecNamed('json').decode(Buffer.from('[16,1,{},"a",null,[]]')), /must be a dictionary/);
  });

  for (const name of ['json', 'msgpack', 'cbor'] as const) {
    it(`import no other codec and nothing of Node: ${name}`, () => {
      const imported = [...reach(`src/codec/${name}/${name}-codec.ts`)];
      assert.ok(imported.includes('src/wamp/messages/layout.ts'), imported.join(' '));
      const strange = imported.filter(to => {
        const [, folder] = /^src\/codec\/(json|msgpack|cbor)\//.exec(to) ?? [];
        if (folder !== undefined) return folder !== name;
        return !to.startsWith('src/') && !(name === 'cbor' && to === 'cbor-x');
      });
      assert.deepEqual(strange, []);
    });
  }
});
