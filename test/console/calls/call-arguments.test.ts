import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments, parseKeywords } from '../../../console/model/calls/call-arguments.ts';

const args = (text: string) => {
  const parsed = parseArguments(text);
  return parsed.ok ? parsed.value : parsed.problem;
};
const kwargs = (text: string) => {
  const parsed = parseKeywords(text);
  return parsed.ok ? parsed.value : parsed.problem;
};

describe('call arguments', () => {
  it('parses an empty text, plain text, a JSON value, and a JSON list', () => {
    assert.deepEqual(args(' '), []);
    assert.deepEqual(args('on'), ['on']);
    assert.deepEqual(args('switch the relay on'), ['switch the relay on']);
    assert.deepEqual(args('21.5'), [21.5]);
    assert.deepEqual(args('true'), [true]);
    assert.deepEqual(args('"21.5"'), ['21.5']);
    assert.deepEqual(args('{"a":1}'), [{ a: 1 }]);
    assert.deepEqual(args('[1,"b"]'), [1, 'b']);
    assert.deepEqual(args('[[1,2]]'), [[1, 2]]);
    assert.deepEqual(args('[]'), []);
  });

  it('rejects a text that begins like JSON but is not valid JSON', () => {
    for (const text of ['[1,', '{"a":}', '"open', "{'a':1}"]) assert.match(String(args(text)), /^Not valid JSON: ./);
  });

  it('describes how it read the arguments', () => {
    const reading = (text: string) => {
      const parsed = parseArguments(text);
      return parsed.ok ? parsed.reading : '';
    };
    assert.equal(reading('on'), '1 argument, a text');
    assert.equal(reading('4'), '1 argument, a number');
    assert.equal(reading('[1,2]'), '2 arguments');
    assert.equal(reading('[[1]]'), '1 argument, a list');
    assert.equal(reading('null'), '1 argument, null');
  });

  it('parses keyword arguments: an object, or lines of name=value', () => {
    assert.deepEqual(kwargs(''), {});
    assert.deepEqual(kwargs('{"a":1,"b":"x"}'), { a: 1, b: 'x' });
    assert.deepEqual(kwargs('channel=1\n state = on \n\n note=a=b'), { channel: 1, state: 'on', note: 'a=b' });
    assert.deepEqual(kwargs('empty='), { empty: '' });
  });

  it('rejects keyword arguments without names', () => {
    assert.match(String(kwargs('on')), /name=value/);
    assert.match(String(kwargs('=1')), /name=value/);
    assert.match(String(kwargs('{"a":')), /Not valid JSON/);
    assert.match(String(kwargs('a=[1,')), /^a: not valid JSON/);
  });

  it('keeps __proto__ as an ordinary name', () => {
    for (const text of ['__proto__=1', '{"__proto__":1}']) {
      const parsed = parseKeywords(text);
      assert.ok(parsed.ok && Object.hasOwn(parsed.value, '__proto__'));
    }
  });
});
