import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Codec } from '../../src/codec/codec.ts';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import { chooseSubprotocol } from '../../src/transport/subprotocol.ts';

const named = (name: Codec['name']): Codec => ({ ...jsonCodec, name, subprotocol: `wamp.2.${name}` });
const known = [named('json'), named('cbor')];

describe('WebSocket subprotocol', () => {
  it('is the first in the list of the client that we speak', () => {
    const cases: readonly (readonly [string | undefined, string | undefined])[] = [
      ['wamp.2.json', 'json'],
      ['wamp.2.cbor, wamp.2.json', 'cbor'],
      ['wamp.2.msgpack,wamp.2.json,wamp.2.cbor', 'json'],
      ['soap,  wamp.2.cbor', 'cbor'],
      ['wamp.2.cbor, wamp.2.cbor', 'cbor'],
      ['wamp.2.msgpack', undefined],
      ['wamp.2', undefined],
      ['', undefined],
      [undefined, undefined],
    ];
    for (const [header, expected] of cases) assert.equal(chooseSubprotocol(header, known)?.name, expected, header);
  });
});
