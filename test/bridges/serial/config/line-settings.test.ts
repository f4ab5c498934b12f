import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lineSettings, parseLineSettings, transmitTime } from '../../../../bridges/serial/config/line-settings.ts';

const base = { baud: 9600, bits: 8, parity: 'none', stop: 1, rtscts: false, xonxoff: false };

describe('line settings', () => {
  it('reads the common short forms', () => {
    assert.deepEqual(parseLineSettings('9600n81'), base);
    assert.deepEqual(parseLineSettings('115200 8N1'), { ...base, baud: 115_200 });
    assert.deepEqual(parseLineSettings('300,7e1'), { ...base, baud: 300, bits: 7, parity: 'even' });
    assert.deepEqual(parseLineSettings('256000'), { ...base, baud: 256_000 });
    assert.deepEqual(parseLineSettings('9600o72'), { ...base, bits: 7, parity: 'odd', stop: 2 });
  });

  it('is a text, a rate, or the fields, with defaults', () => {
    assert.deepEqual(lineSettings.parse(19_200), { ...base, baud: 19_200 });
    assert.deepEqual(lineSettings.parse({ baud: 1200, bits: 7, parity: 'even' }), {
      ...base,
      baud: 1200,
      bits: 7,
      parity: 'even',
    });
  });

  it('shows the short form in its error', () => {
    for (const text of ['fast', '9600x81', '9600n91', '9600n', '']) {
      const parsed = lineSettings.safeParse(text);
      assert.equal(parsed.success, false, text);
      assert.match(parsed.error?.issues[0]?.message ?? '', /9600n81/);
    }
    assert.equal(lineSettings.safeParse({ baud: '9600' }).success, false);
  });

  it('computes the transmission time of bytes', () => {
    assert.equal(transmitTime(96, { ...base, bits: 8, parity: 'none', stop: 1 }), 100);
    // Start, 7 data, parity, 2 stop: 11 bits.
    assert.equal(transmitTime(30, { ...base, baud: 330, bits: 7, parity: 'even', stop: 2 }), 1000);
  });
});
