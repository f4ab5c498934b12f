import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BarePeer, wireOf, wires } from '../support/bare-peer.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { GatewayFixture } from './gateway-fixture.ts';

const MEBIBYTE = 1024 * 1024;
const many = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join(',');
const roles = '"roles":{"caller":{}}';

/** HELLOs in JSON. Each is shorter than the maximum message size. */
const bombs: readonly (readonly [string, string])[] = [
  ['nested 100,000 deep', `[1,"home",{${roles},"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}]`],
  ['nested 100,000 deep and without an end', `[1,"home",{${roles},"x":${'{"a":'.repeat(100_000)}`],
  ['with 50,000 roles', `[1,"home",{"roles":{${many(50_000, i => `"r${i}":{}`)}}}]`],
  [
    'with 50,000 features of a role',
    `[1,"home",{"roles":{"caller":{"features":{${many(50_000, i => `"f${i}":true`)}}}}}]`,
  ],
  ['with 50,000 methods', `[1,"home",{${roles},"authid":"x","authmethods":[${many(50_000, i => `"m${i}"`)}]}]`],
  [
    'with the same method 100,000 times',
    `[1,"home",{${roles},"authid":"admin","authmethods":[${many(100_000, () => '"wampcra"')}]}]`,
  ],
  ['with 60,000 details', `[1,"home",{${roles},${many(60_000, i => `"k${i}":${i}`)}}]`],
  ['with one key 100,000 times', `[1,"home",{${roles},${many(100_000, () => '"k":1')}}]`],
  ['for a realm of a million characters', `[1,"${'r'.repeat(1_000_000)}",{${roles}}]`],
  [
    'with an authid of a million characters',
    `[1,"home",{${roles},"authmethods":["ticket"],"authid":"${'a'.repeat(1_000_000)}"}]`,
  ],
  [
    'with a nonce of a million characters',
    `[1,"home",{${roles},"authmethods":["wamp-scram"],"authid":"scram","authextra":{"nonce":"${'A'.repeat(1_000_000)}"}}]`,
  ],
  ['with a number of a million digits', `[1,"home",{${roles},"n":${'9'.repeat(1_000_000)}}]`],
  ['with a hundred thousand elements', `[1,"home",{${roles}},${many(100_000, () => '0')}]`],
];

describe('HELLO bombs', () => {
  let fixture: GatewayFixture;
  before(async () => {
    fixture = await GatewayFixture.start();
  });
  after(() => fixture[Symbol.asyncDispose]());

  for (const [what, text] of bombs) {
    it(`a HELLO ${what} is rejected, and delays no other client`, async () => {
      assert.ok(text.length < MEBIBYTE);
      for (const transport of ['websocket', 'rawsocket'] as const) {
        const peers = await Promise.all(
          Array.from({ length: 10 }, () => BarePeer.connect(fixture.ports, wireOf(transport, 'json'))),
        );
        for (const peer of peers) peer.sendBytes(text);
        await fixture.assertHealthy();
        for (const peer of peers) {
          const first = await Promise.race([peer.receive(), peer.rest().then(() => [3])]).catch(() => [3]);
          // ABORT, or a CHALLENGE that stays unanswered.
          assert.ok(first[0] === 3 || first[0] === 4, JSON.stringify(first));
          peer.end();
        }
      }
      assert.equal(fixture.gateway.sessionCount, 0);
    });
  }

  it('an announced length allocates no memory, and a length above the limit ends the connection', async () => {
    const { rawSocket, device, web } = fixture.ports;
    const before = process.memoryUsage().arrayBuffers;
    // RawSocket announces a frame of 16 MiB. CBOR and MsgPack announce a list or a text of four billion.
    const heads = [[0, 0xff, 0xff, 0xff]];
    for (const port of [rawSocket, device]) {
      for (const head of heads) {
        using peer = await RawPeer.connect({ host: '127.0.0.1', port });
        peer.send([0x7f, 0xf3, 0, 0]);
        await peer.read(4);
        peer.send(head);
        await peer.rest();
      }
    }
    for (const [serializer, bytes] of [
      ['cbor', [0x9a, 0xff, 0xff, 0xff, 0xff]],
      ['cbor', [0x83, 0x01, 0x7b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]],
      ['cbor', [0x83, 0x01, 0x64, 104, 111, 109, 101, 0xba, 0xff, 0xff, 0xff, 0xff]],
      ['msgpack', [0xdd, 0xff, 0xff, 0xff, 0xff]],
      ['msgpack', [0x93, 0x01, 0xdb, 0xff, 0xff, 0xff, 0xff]],
    ] as const) {
      for (const wire of wires.filter(each => each.serializer.name === serializer)) {
        using peer = await BarePeer.connect(fixture.ports, wire);
        peer.sendBytes(Buffer.from(bytes));
        await peer.aborted();
      }
    }
    // WebSocket frames of 2^63 bytes and of 2 GiB.
    for (const length of ['7fffffffffffffff', '0000000080000000']) {
      using peer = await RawPeer.connect({ host: '127.0.0.1', port: web });
      peer.send(
        'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n',
      );
      await peer.head();
      peer.send([0x81, 0xff], Buffer.from(length, 'hex'), [1, 2, 3, 4]);
      await peer.rest();
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 * MEBIBYTE);
    await fixture.assertHealthy();
  });
});
