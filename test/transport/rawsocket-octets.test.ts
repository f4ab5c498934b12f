import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '../../src/base/clock.ts';
import { codecs } from '../../src/codec/codecs.ts';
import { defaultLimits } from '../../src/transport/endpoint/limits.ts';
import type { Listening } from '../../src/transport/endpoint/listening.ts';
import { listenRawSocket } from '../../src/transport/rawsocket-server.ts';
import { listenWeb } from '../../src/transport/web-server.ts';
import { RawPeer, rawFrame } from '../support/raw-peer.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { testCertificate, testKey } from '../support/tls-fixture.ts';

// The RawSocket section of the specification, octet by octet, on each kind of listener.

/** 2^12, so LENGTH 3. */
const LIMIT = 4096;
const EVENT = '[36,1,2,{},[5]]';
const places = ['TCP', 'a Unix socket', 'TLS', 'TLS over a Unix socket', 'the port of the WebSocket'] as const;

for (const place of places) {
  describe(`RawSocket over ${place} [advanced/transport_rawsocket]`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'wampway-octets-'));
    const unixPath = join(folder, 'socket');
    let listening: Listening;

    before(async () => {
      const limits = { ...defaultLimits, maxMessageSize: LIMIT, closeGrace: 500 };
      const options = { name: 'test', codecs, limits, log: new RecordingLogger(), clock: systemClock };
      const address = place.includes('Unix') ? { unixPath } : { host: '127.0.0.1', port: 0 };
      const tls = place.includes('TLS') ? { tls: { key: testKey, cert: testCertificate } } : {};
      const listen = place.includes('WebSocket') ? listenWeb : listenRawSocket;
      // The link sends each EVENT back.
      listening = await listen({ ...options, ...tls, address }, link => {
        link.open({ message: message => link.send(message), closed: () => {} });
      });
    });
    after(async () => {
      await listening[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    async function connect(): Promise<RawPeer> {
      const target = place.includes('Unix') ? { path: unixPath } : { host: '127.0.0.1', port: listening.port };
      if (!place.includes('TLS')) return RawPeer.connect(target);
      const socket = connectTls({ ...target, ca: testCertificate, servername: 'localhost' });
      const peer = RawPeer.of(socket);
      await new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', resolve);
        socket.once('error', reject);
      });
      return peer;
    }

    async function shaken(second = 0xf1): Promise<RawPeer> {
      const peer = await connect();
      peer.send([0x7f, second, 0, 0]);
      assert.deepEqual([...(await peer.read(4))], [0x7f, 0x30 | (second & 15), 0, 0]);
      return peer;
    }

    it('a handshake of each LENGTH and SERIALIZER is answered with our LENGTH, or error 1', async () => {
      for (let second = 0; second < 256; second += place === 'TCP' ? 1 : 5) {
        const serializer = second & 15;
        const spoken = serializer >= 1 && serializer <= 3;
        using peer = await connect();
        peer.send([0x7f, second, 0, 0]);
        assert.deepEqual([...(await peer.read(4))], spoken ? [0x7f, 0x30 | serializer, 0, 0] : [0x7f, 0x10, 0, 0]);
        if (!spoken) assert.equal((await peer.rest()).length, 0);
      }
    });

    it('a handshake with reserved bits is answered with error 3, before any other check', async () => {
      for (const [third, fourth] of [
        [1, 0],
        [0x80, 0],
        [0, 1],
        [0, 0x80],
        [0xff, 0xff],
      ] as const) {
        for (const second of [0xf1, 0xf0, 0xff]) {
          using peer = await connect();
          peer.send([0x7f, second, third, fourth]);
          assert.deepEqual([...(await peer.rest())], [0x7f, 0x30, 0, 0]);
        }
      }
    });

    it('messages arrive in order in both directions, in any chunks', async () => {
      using peer = await shaken();
      const bytes = Buffer.concat([rawFrame(EVENT), rawFrame('ping', 1), rawFrame(' [36,1,2,{},[6]]')]);
      for (const octet of bytes) peer.send([octet]);
      const frames = [await peer.frame(), await peer.frame(), await peer.frame()];
      // PONGs may overtake messages. Messages keep their order.
      assert.deepEqual(
        frames.map(({ first, payload }) => `${first} ${payload.toString()}`),
        [`0 ${EVENT}`, '2 ping', '0 [36,1,2,{},[6]]'],
      );
    });

    it('a frame at the limit is accepted for each type, and one octet more is refused', async () => {
      const largest = EVENT.padEnd(LIMIT);
      using peer = await shaken();
      peer.send(rawFrame(largest), rawFrame('x'.repeat(LIMIT), 1), rawFrame('x'.repeat(LIMIT), 2));
      assert.equal((await peer.frame()).payload.toString(), EVENT);
      assert.deepEqual(await peer.frame(), { first: 2, payload: Buffer.alloc(LIMIT, 'x') });
      for (const type of [0, 1, 2]) {
        using other = await shaken();
        other.send(rawFrame(`${largest} `, type));
        assert.match((await other.rest()).toString(), /\[3,.*4097 bytes, the limit is 4096.*protocol_violation/);
      }
    });

    it('a peer gets no message above its limit', async () => {
      using peer = await shaken(0x01);
      const fitting = EVENT.replace('5', `"${'x'.repeat(512 - EVENT.length - 1)}"`);
      assert.equal(fitting.length, 512);
      peer.send(rawFrame(fitting), rawFrame(fitting.replace('x', 'xx')), rawFrame(EVENT));
      assert.equal((await peer.frame()).payload.toString(), fitting);
      assert.equal((await peer.frame()).payload.toString(), EVENT);
    });

    const refused: readonly (readonly [string, readonly number[]])[] = [
      ...[3, 4, 5, 6, 7].map(type => [`of reserved type ${type}`, [type, 0, 0, 1, 0x20]] as const),
      ...[0x10, 0x20, 0x40, 0x80, 0xf0].map(
        bits => [`with reserved bits ${bits.toString(16)}`, [bits, 0, 0, 1, 0x20]] as const,
      ),
      ['of 2^24 octets, which is over the limit', [0x08, 0, 0, 0]],
      ['with the X bit and a length', [0x08, 0, 0, 1]],
      ['that is a PING with the X bit and a length', [0x09, 0, 0, 1]],
      ['that is a PING with reserved bits', [0x11, 0, 0, 0]],
      ['without a message', [0, 0, 0, 0]],
      ['of two messages', [0, 0, 0, EVENT.length * 2, ...Buffer.from(EVENT + EVENT)]],
    ];
    for (const [what, bytes] of refused) {
      it(`a frame is refused ${what}: ABORT, and the end`, async () => {
        using peer = await shaken();
        peer.send(bytes, rawFrame(EVENT), rawFrame('x', 1));
        const { first, payload } = await peer.frame();
        assert.equal(first, 0);
        assert.match(payload.toString(), /^\[3,\{.*\},"wamp\.error\.protocol_violation"\]$/);
        assert.equal((await peer.rest()).length, 0);
      });
    }
  });
}
