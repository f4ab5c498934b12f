import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codecs } from '../../../src/codec/codecs.ts';
import { jsonCodec } from '../../../src/codec/json/json-codec.ts';
import type { Codec } from '../../../src/codec/message/codec.ts';
import { chooseSubprotocol, offeredSubprotocols, subprotocolsOf } from '../../../src/transport/endpoint/subprotocol.ts';

const named = (name: Codec['name']): Codec => ({ ...jsonCodec, name, subprotocol: `wamp.2.${name}` });
const known = [named('json'), named('cbor')];

describe('WebSocket subprotocol', () => {
  it('is the first supported one in the list of the client', () => {
    const cases: readonly (readonly [string | undefined, string | undefined])[] = [
      ['wamp.2.json', 'wamp.2.json'],
      ['wamp.2.cbor, wamp.2.json', 'wamp.2.cbor'],
      ['wamp.2.msgpack,wamp.2.json,wamp.2.cbor', 'wamp.2.json'],
      ['soap,  wamp.2.cbor', 'wamp.2.cbor'],
      ['wamp.2.cbor, wamp.2.cbor', 'wamp.2.cbor'],
      ['wamp.2.cbor.batched, wamp.2.cbor', 'wamp.2.cbor.batched'],
      ['wamp.2.msgpack.batched, wamp.2.cbor, wamp.2.json.batched', 'wamp.2.cbor'],
      ['wamp.2.json.Batched', undefined],
      ['wamp.2.msgpack', undefined],
      ['wamp.2', undefined],
      ['', undefined],
      [undefined, undefined],
    ];
    for (const [header, expected] of cases) {
      const chosen = chooseSubprotocol(offeredSubprotocols(header), known);
      assert.equal(chosen?.name, expected, header);
      if (chosen === undefined) continue;
      assert.equal(chosen.codec.subprotocol, chosen.name.replace('.batched', ''));
      assert.equal(chosen.batched, chosen.name.endsWith('.batched'));
    }
  });

  it('is one of six [basic/building_blocks, advanced/transport_batched_websocket]', () => {
    assert.deepEqual(
      subprotocolsOf(codecs)
        .map(({ name }) => name)
        .sort(),
      [
        'wamp.2.cbor',
        'wamp.2.cbor.batched',
        'wamp.2.json',
        'wamp.2.json.batched',
        'wamp.2.msgpack',
        'wamp.2.msgpack.batched',
      ],
    );
  });
});
