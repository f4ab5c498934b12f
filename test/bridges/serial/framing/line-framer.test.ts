import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineFramer } from '../../../../bridges/serial/framing/line-framer.ts';
import { fc } from '../../../support/fast-check.ts';

function framer(delimiter = '\n', maxLength = 16): LineFramer {
  return new LineFramer({ delimiter: Buffer.from(delimiter), maxLength });
}

function frames(framer: LineFramer, ...chunks: (string | Uint8Array)[]): string[] {
  const found: string[] = [];
  for (const chunk of chunks)
    framer.push(Buffer.from(chunk), frame => found.push(Buffer.from(frame).toString('latin1')));
  return found;
}

/** The expected frames, computed without buffers. */
function byDefinition(bytes: Buffer, delimiter: string, maxLength: number): { frames: string[]; overruns: number } {
  const found: string[] = [];
  let overruns = 0;
  const parts = bytes.toString('latin1').split(delimiter);
  parts.pop();
  for (const part of parts) {
    const trimmed = delimiter === '\n' && part.endsWith('\r') ? part.slice(0, -1) : part;
    if (trimmed.length > maxLength) overruns++;
    else if (trimmed !== '') found.push(trimmed);
  }
  return { frames: found, overruns };
}

describe('line framer', () => {
  it('splits at the delimiter and removes the carriage return', () => {
    assert.deepEqual(frames(framer(), 'T=21.5\r\nH=40\nT='), ['T=21.5', 'H=40']);
  });

  it('joins a line from several chunks, also if the delimiter is split', () => {
    assert.deepEqual(frames(framer(), 'T=', '21', '.5\r', '\n', 'H=40\n'), ['T=21.5', 'H=40']);
    assert.deepEqual(frames(framer('\r\n'), 'a\r', '\nb\rc\r\n'), ['a', 'b\rc']);
  });

  it('skips blank lines', () => {
    assert.deepEqual(frames(framer(), '\r\n\n\r\nT=1\n\n'), ['T=1']);
  });

  it('accepts a line of the maximum length, drops a longer one once, and continues', () => {
    const line = framer('\n', 4);
    assert.deepEqual(frames(line, '1234\r\n12345\n', '1234', '5678', '90', '12\nab\n'), ['1234', 'ab']);
    assert.equal(line.counters.overruns, 2);
    assert.equal(line.counters.frames, 2);
  });

  it('recognizes a delimiter that begins at the end of an overlong line', () => {
    // Six bytes are kept: the last of them is the first of the delimiter.
    assert.deepEqual(frames(framer('\r\n', 4), '12345\r\nok\r\n'), ['ok']);
    assert.deepEqual(frames(framer('\r\n', 4), '12345\r', '\nok\r\n'), ['ok']);
  });

  it('buffers at most one line', () => {
    const line = framer('\n', 8);
    assert.deepEqual(frames(line, Buffer.alloc(1_000_000, 0x55), 'tail\nok\n'), ['ok']);
    assert.equal(line.counters.overruns, 1);
    assert.equal(line.counters.bytes, 1_000_008);
  });

  it('discards an unfinished line on reset', () => {
    const line = framer();
    assert.deepEqual(frames(line, 'half'), []);
    line.reset();
    assert.deepEqual(frames(line, 'whole\n'), ['whole']);
  });

  it('returns the same frames for every split into chunks', () => {
    const alphabet = fc.constantFrom(...Buffer.from('ab;\r\n'));
    fc.assert(
      fc.property(
        fc.array(alphabet, { maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom('\n', '\r\n', ';', 'ab', 'aab', 'a'),
        fc.integer({ min: 1, max: 6 }),
        (data, cuts, delimiter, maxLength) => {
          const bytes = Buffer.from(data);
          const chunks: Buffer[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = cuts[i % cuts.length] ?? 1;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          const expected = byDefinition(bytes, delimiter, maxLength);
          for (const way of [[bytes], chunks, [...bytes].map(byte => Buffer.of(byte))]) {
            const line = framer(delimiter, maxLength);
            assert.deepEqual(frames(line, ...way), expected.frames);
            // An overlong line is counted as soon as it is known, so the last one may be counted before its end.
            assert.ok(line.counters.overruns - expected.overruns <= 1 && line.counters.overruns >= expected.overruns);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
