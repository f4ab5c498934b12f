import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byteSize, showBytes } from '../../../../src/gateway/config/values/byte-size.ts';

describe('byteSize', () => {
  const schema = byteSize(1024, 2 ** 24);

  it('reads numbers and units', () => {
    for (const [text, bytes] of [
      [65536, 65536],
      ['65536', 65536],
      ['64 KiB', 65536],
      ['64KiB', 65536],
      ['1.5 MiB', 1572864],
      ['1 MB', 1_000_000],
      ['2M', 2_000_000],
      ['4 kB', 4000],
    ] as const) {
      assert.equal(schema.parse(text), bytes, String(text));
    }
  });

  it('rejects other text', () => {
    for (const text of ['', 'many', '1 TiB', '-1', -1, 1.5, '1e9', 100, '17 MiB', null]) {
      assert.equal(schema.safeParse(text).success, false, String(text));
    }
  });

  it('shows them', () => {
    assert.equal(showBytes(1048576), '1 MiB');
    assert.equal(showBytes(1572864), '1.5 MiB');
    assert.equal(showBytes(1500), '1500 bytes');
  });
});
