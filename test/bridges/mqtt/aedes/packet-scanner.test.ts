import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PacketScanner } from '../../../../bridges/mqtt/aedes/packet-scanner.ts';
import { fc } from '../../../support/fast-check.ts';

/** A packet with `size` bytes after its fixed header. */
function packet(type: number, size: number): number[] {
  const length: number[] = [];
  let rest = size;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    length.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return [type, ...length, ...new Array<number>(size).fill(0xff)];
}

function scanIn(bytes: readonly number[], cuts: readonly number[], limit: number): string | undefined {
  const scanner = new PacketScanner(limit);
  let from = 0;
  for (const cut of [...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    const refusal = scanner.scan(Uint8Array.from(bytes.slice(from, cut)));
    if (refusal !== undefined) return refusal;
    from = cut;
  }
  return undefined;
}

describe('PacketScanner', () => {
  it('accepts packets up to the limit, in any chunks [MQTT-2.2.3]', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 8 }), (sizes, cuts) => {
        const bytes = [...packet(0x10, 12), ...sizes.flatMap(size => packet(0x30, size))];
        assert.equal(scanIn(bytes, cuts, 300), undefined);
      }),
    );
  });

  it('cuts at a packet over the limit, in any chunks, before its body [MQTT-2.2.3]', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 8 }), (sizes, cuts) => {
        const bytes = [
          ...packet(0x10, 12),
          ...sizes.flatMap(size => packet(0x30, size)),
          ...packet(0x30, 301).slice(0, 3),
        ];
        assert.equal(scanIn(bytes, cuts, 300), 'a packet is larger than 300 bytes');
      }),
    );
  });

  it('cuts an oversize CONNECT', () => {
    assert.equal(
      new PacketScanner(300).scan(Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0x7f)),
      'a packet is larger than 300 bytes',
    );
  });

  it('cuts a stream that does not begin with CONNECT [MQTT-3.1.0-1]', () => {
    assert.equal(new PacketScanner(300).scan(Buffer.from('GET / HTTP/1.1')), 'the first packet must be CONNECT');
    assert.equal(new PacketScanner(300).scan(Uint8Array.of(0x30, 0)), 'the first packet must be CONNECT');
  });

  it('cuts a length of more than four bytes [MQTT-2.2.3]', () => {
    const scanner = new PacketScanner(300_000_000);
    assert.equal(
      scanner.scan(Uint8Array.of(0x10, 0x80, 0x80, 0x80, 0x80)),
      'a packet length must not have more than four bytes',
    );
  });
});
