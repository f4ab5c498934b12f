import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hopsOf } from '../../../src/transport/guard/forwarded-for.ts';

describe('X-Forwarded-For', () => {
  it('is read from the nearest hop to the client', () => {
    assert.deepEqual([...hopsOf('203.0.113.9, 10.0.0.1 ,192.168.1.1')], ['192.168.1.1', '10.0.0.1', '203.0.113.9']);
    assert.deepEqual([...hopsOf('203.0.113.9')], ['203.0.113.9']);
  });

  it('reads every spelling of an address in its canonical form', () => {
    for (const [text, address] of [
      ['203.0.113.9:1234', '203.0.113.9'],
      ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
      ['[2001:db8::1]', '2001:db8::1'],
      ['[2001:db8::1]:443', '2001:db8::1'],
      ['::ffff:127.0.0.1', '127.0.0.1'],
      ['::ffff:7f00:1', '127.0.0.1'],
      ['[::FFFF:7F00:0001]:1', '127.0.0.1'],
      ['0:0:0:0:0:0:0:1', '::1'],
      ['fe80::1%eth0', 'fe80::1'],
    ] as const) {
      assert.deepEqual([...hopsOf(text)], [address], text);
    }
  });

  it('yields undefined for a hop that is not an address', () => {
    for (const text of [
      ...['', ' ', 'unknown', '_hidden', 'localhost', '127.0.0.1.evil.example', '127.1', '2130706433', '0x7f000001'],
      ...[
        '127.0.0.01',
        '0127.0.0.1',
        '256.0.0.1',
        '127.0.0.1:',
        '127.0.0.1:x',
        '[127.0.0.1]',
        '[::1',
        '::1]',
        '"127.0.0.1"',
      ],
      ...['1::2::3', 'for=127.0.0.1', '127.0.0.1/8', '127.0.0.1 10.0.0.1'],
    ]) {
      assert.deepEqual([...hopsOf(text)], [undefined], text);
    }
    assert.deepEqual([...hopsOf(',')], [undefined, undefined]);
    assert.deepEqual([...hopsOf(', 10.0.0.1')], ['10.0.0.1', undefined]);
    assert.deepEqual([...hopsOf('10.0.0.1,')], [undefined, '10.0.0.1']);
  });
});
