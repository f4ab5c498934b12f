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
  it('are named as transports know them [advanced/transport_rawsocket]', () => {
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

  for (const name of ['json', 'msgpack', 'cbor'] as const) {
    it(`need no other codec and no Node: ${name}`, () => {
      const imported = [...reach(`src/codec/${name}/${name}-codec.ts`)];
      assert.ok(imported.includes('src/wamp/layout.ts'), imported.join(' '));
      const strange = imported.filter(to => {
        const [, folder] = /^src\/codec\/(\w+)\//.exec(to) ?? [];
        if (folder !== undefined) return folder !== name;
        return !to.startsWith('src/') && !(name === 'cbor' && to === 'cbor-x');
      });
      assert.deepEqual(strange, []);
    });
  }
});
