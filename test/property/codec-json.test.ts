import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needsCare } from '../../src/codec/json/json-items.ts';
import { skipBlanks, walkValue } from '../../src/codec/json/json-walk.ts';
import { ValueBuilder } from '../../src/codec/values/value-builder.ts';
import { ProtocolViolation } from '../../src/wamp/errors.ts';
import { value } from '../codec/arbitrary-values.ts';
import { fc } from '../support/fast-check.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Returns whether the scanner accepts all of `bytes` as one value. */
function scans(bytes: Uint8Array): boolean {
  try {
    return skipBlanks(bytes, walkValue(bytes, 0, bytes.length, 0), bytes.length) === bytes.length;
  } catch (error) {
    assert.ok(error instanceof ProtocolViolation, String(error));
    return false;
  }
}

function parses(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** JSON text with blanks and escapes of every kind. */
const spelled: fc.Arbitrary<string> = fc
  .tuple(fc.json({ maxDepth: 6 }), fc.constantFrom('', ' ', '\n\t', '\r'), fc.boolean())
  .map(([text, blank, escaped]) => {
    const wide = blank === '' ? text : JSON.stringify(JSON.parse(text), null, blank.replace('\r', ' \r'));
    return escaped
      ? wide.replace(/[^\x20-\x7e\n\r\t]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
      : wide;
  });

/** The bytes that JSON consists of, and some others. */
const piece = fc.oneof(
  fc.constantFrom(...'{}[]:,"\\/ \n\t0123456789-+.eEtrufalsnbx'.split('').map(utf8)),
  fc
    .constantFrom(
      'true',
      'null',
      '\\u00e9',
      '\\ud800',
      '"a":',
      '[1,2]',
      '1e5',
      '-0',
      '0.',
      '\u00a0',
      '\ufeff',
      'é',
      '😀',
    )
    .map(utf8),
  fc.uint8Array({ minLength: 1, maxLength: 3 }),
);

const mutated = fc
  .tuple(spelled, fc.array(fc.tuple(fc.nat(), fc.nat(3), piece), { minLength: 1, maxLength: 4 }))
  .map(([text, cuts]) => {
    let bytes = [...utf8(text)];
    for (const [where, cut, bits] of cuts) {
      const at = where % (bytes.length + 1);
      bytes = [...bytes.slice(0, at), ...bits, ...bytes.slice(at + cut)];
    }
    return Uint8Array.from(bytes);
  });

describe('the JSON scanner', () => {
  it('accepts all output of JSON.stringify', () => {
    fc.assert(
      fc.property(spelled, text => assert.ok(scans(utf8(text)))),
      { numRuns: 2000 },
    );
  });

  it('agrees with JSON.parse on damaged text', () => {
    let taken = 0;
    fc.assert(
      fc.property(mutated, bytes => {
        const parsed = parses(bytes);
        if (parsed) taken++;
        assert.equal(scans(bytes), parsed, JSON.stringify(new TextDecoder().decode(bytes)));
      }),
      { numRuns: 10_000 },
    );
    assert.ok(taken > 250, `the damage left only ${taken} texts intact`);
  });

  it('agrees with JSON.parse on any sequence of pieces', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), pieces => {
        const bytes = Uint8Array.from(pieces.flatMap(bits => [...bits]));
        assert.equal(scans(bytes), parses(bytes), JSON.stringify(new TextDecoder().decode(bytes)));
      }),
      { numRuns: 10_000 },
    );
  });

  it('agrees with JSON.parse on every text of up to three significant bytes', () => {
    const alphabet = [...utf8('{}[]:,"\\ 019-+.eEt\u0000')];
    for (const a of alphabet) {
      for (const b of alphabet) {
        for (const c of alphabet) {
          for (const bytes of [Uint8Array.of(a), Uint8Array.of(a, b), Uint8Array.of(a, b, c)]) {
            assert.equal(scans(bytes), parses(bytes), JSON.stringify(new TextDecoder().decode(bytes)));
          }
        }
      }
    }
  });
});

describe('lists of numbers in JSON text', () => {
  it('agree with JSON.parse on every text of up to four bytes, before and after a number', () => {
    const alphabet = ['', ...'019-+.eE, '];
    const pairs = alphabet.flatMap(a => alphabet.map(b => a + b));
    for (const text of new Set(pairs.flatMap(a => pairs.map(b => a + b)))) {
      for (const row of [`[${text},1]`, `[-0.5,${text}]`, `[1,${text},[2]]`]) {
        assert.equal(scans(utf8(row)), parses(utf8(row)), row);
      }
    }
  });
});

describe('values of JSON text', () => {
  it('equal those of JSON.parse, unless they need care', () => {
    fc.assert(
      fc.property(fc.oneof(spelled, fc.double().map(String), value.map(plain)), text => {
        const bytes = utf8(text);
        fc.pre(parses(bytes) && !needsCare(bytes));
        const builder = new ValueBuilder();
        walkValue(bytes, 0, bytes.length, 0, builder);
        assert.deepEqual(builder.items, [JSON.parse(text)]);
      }),
      { numRuns: 5000 },
    );
  });
});

function plain(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? String(item) : item)) ?? 'null';
}
