import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesHead } from '../../../console/model/payload/truncate.ts';
import { bytesText, clean, fullText, numberText, summary } from '../../../console/model/payload/value-text.ts';

const line = (args: unknown[], kwargs: Record<string, unknown> = {}) => summary({ args, kwargs });

describe('value text', () => {
  it('writes a payload as one line', () => {
    assert.equal(line([21.5]), '21.5');
    assert.equal(line(['on']), 'on');
    assert.equal(line(['']), '""');
    assert.equal(line([null]), 'null');
    assert.equal(line([]), 'no value');
    assert.equal(line([1, 'two', true]), '1, two, true');
    assert.equal(line([{ temperature: 21.5, humidity: 40 }]), 'temperature 21.5 · humidity 40');
    assert.equal(line([5], { unit: 'bar' }), '5 · unit bar');
    assert.equal(line([[1, [2, [3]]], { a: { b: {} } }]), '[1, [2, […]]], {a {b {}}}');
    assert.equal(line([{}]), '{}');
    assert.equal(line([[]]), '[]');
  });

  it('stops at the maximum length', () => {
    const text = line([{ a: 'x'.repeat(10_000), b: 1 }]);
    assert.equal(text.length, 160);
    assert.ok(text.endsWith('…'));
  });

  it('rounds inexact numbers and no others', () => {
    assert.equal(numberText(21.499999999999996), '21.5');
    assert.equal(numberText(0.1 + 0.2), '0.3');
    assert.equal(numberText(9007199254740991), '9007199254740991');
    assert.equal(numberText(-0.00001234), '-0.00001234');
    assert.equal(numberText(1e21), '1.000000e+21');
    assert.equal(numberText(Number.NaN), 'NaN');
  });

  it('writes bytes in hexadecimal, and also as text if they are printable', () => {
    assert.equal(bytesText(new Uint8Array([1, 0xff])), '2 bytes 01 ff');
    assert.equal(bytesText(new Uint8Array([0x41])), '1 byte 41 "A"');
    assert.equal(bytesText(new Uint8Array(0)), '0 bytes');
    assert.match(bytesText(new Uint8Array(1000)), /^1000 bytes 00 00 .* …$/);
    assert.equal(line([new Uint8Array([1, 2])]), '2 bytes 01 02');
    assert.equal(line([new BytesHead(new Uint8Array([7, 8, 9]), 1)]), '3 bytes 07 …');
  });

  it('writes a value in full', () => {
    assert.equal(fullText({ a: [1, 'x'] }), '{\n  "a": [\n    1,\n    "x"\n  ]\n}');
    assert.equal(fullText(new Uint8Array([1])), '"(1 byte 01)"');
    assert.equal(fullText({ x: Number.NaN, y: 10n }), '{\n  "x": "(NaN)",\n  "y": 10\n}');
    assert.equal(
      fullText([9007199254740993n, { id: -1724442618569203714n }, {}, []]),
      '[\n  9007199254740993,\n  {\n    "id": -1724442618569203714\n  },\n  {},\n  []\n]',
    );
    assert.equal(
      line([9007199254740993n, { id: -1724442618569203714n }]),
      '9007199254740993, {id -1724442618569203714}',
    );
    assert.equal(fullText(undefined), 'nothing');
    assert.match(fullText('x'.repeat(100_000)), /more characters$/);
  });

  it('replaces characters that could deceive the user', () => {
    assert.equal(clean('a\u0000b\nc\u001b[31m'), 'a␀b␊c␛[31m');
    assert.equal(clean('invoice\u202egpj.exe'), 'invoice\ufffdgpj.exe');
    assert.equal(clean('a\nb\u0007', true), 'a\nb␇');
    assert.equal(clean('Grüße 温度 👩‍🔧'), 'Grüße 温度 👩‍🔧');
    assert.equal(line(['\u0007']), '␇');
  });
});
