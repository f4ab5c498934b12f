import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mqttOfPayload, payloadOfMqtt } from '../../../../bridges/mqtt/topics/payload-map.ts';
import { jsonItems } from '../../../../src/codec/json/json-items.ts';
import { Payload } from '../../../../src/wamp/payload.ts';
import { fc } from '../../../support/fast-check.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const valuesOf = (message: string | Uint8Array): readonly unknown[] =>
  payloadOfMqtt(typeof message === 'string' ? utf8(message) : message).args;

/** The result of JSON.parse, or `undefined` if the text is not valid JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

describe('payloadOfMqtt', () => {
  it('maps JSON to its value', () => {
    assert.deepEqual(valuesOf('21.5'), [21.5]);
    assert.deepEqual(valuesOf(' 21.5\n'), [21.5]);
    assert.deepEqual(valuesOf('-0.5e3'), [-500]);
    assert.deepEqual(valuesOf('true'), [true]);
    assert.deepEqual(valuesOf('null'), [null]);
    assert.deepEqual(valuesOf('"on"'), ['on']);
    assert.deepEqual(valuesOf('{"t":21.5,"unit":"°C"}'), [{ t: 21.5, unit: '°C' }]);
    assert.deepEqual(valuesOf('[1,[2]]'), [[1, [2]]]);
  });

  it('maps other UTF-8 to a string, with its byte order mark', () => {
    for (const words of [
      'hello',
      'ON',
      'truth',
      'nul',
      '21.5 °C',
      '01',
      '+1',
      '1.',
      'NaN',
      '{"a":',
      '[1,]',
      '{} x',
      '\ufeff1',
      ' ',
    ])
      assert.deepEqual(valuesOf(words), [words]);
  });

  it('maps other bytes to bytes', () => {
    for (const bytes of [Uint8Array.of(0xff), Uint8Array.of(0x22, 0xc0, 0x80, 0x22), Uint8Array.of(0xed, 0xa0, 0x80)]) {
      const [value] = valuesOf(bytes);
      assert.ok(value instanceof Uint8Array);
      assert.deepEqual([...value], [...bytes]);
    }
  });

  it('gives an empty message no argument', () => {
    assert.equal(payloadOfMqtt(new Uint8Array(0)), Payload.empty);
  });

  it('passes JSON text on to a JSON subscriber unchanged', () => {
    const payload = payloadOfMqtt(utf8('{"t": 21.50}'));
    assert.equal(text(payload.itemsIn(jsonItems)), '[{"t": 21.50}]');
  });

  it('maps JSON that is nested too deeply to a string', () => {
    const deep = '['.repeat(300) + ']'.repeat(300);
    assert.deepEqual(valuesOf(deep), [deep]);
  });

  it('agrees with JSON.parse on valid JSON', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '1',
      '-',
      '.',
      'e',
      '0',
      'true',
      'nul',
      'l',
      ' ',
      '\n',
      'a',
      '\\',
      'é',
    );
    const any = fc.oneof(
      fc.array(pieces, { maxLength: 6 }).map(parts => parts.join('')),
      fc.json({ maxDepth: 5 }),
      fc.string(),
    );
    fc.assert(
      fc.property(any, message => {
        if (message === '') return;
        const value = parsed(message);
        const [taken] = valuesOf(message);
        // A JSON string that begins with NUL is WAMP's form of bytes, which the codec's tests cover.
        if (message.includes('\\u0000')) return;
        // Integers beyond the range of a number are bigints here.
        if (/\d{16}/.test(message)) return;
        assert.deepEqual(taken, value === undefined ? message : value);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('mqttOfPayload', () => {
  it('maps one argument to its value: text unquoted, bytes unchanged, others as JSON', () => {
    assert.equal(text(mqttOfPayload(Payload.of(['on']))), 'on');
    assert.equal(text(mqttOfPayload(Payload.of(['21.5']))), '21.5');
    assert.equal(text(mqttOfPayload(Payload.of([21.5]))), '21.5');
    assert.equal(text(mqttOfPayload(Payload.of([null]))), 'null');
    assert.equal(text(mqttOfPayload(Payload.of([false]))), 'false');
    assert.equal(text(mqttOfPayload(Payload.of([{ a: [1] }]))), '{"a":[1]}');
    assert.deepEqual([...mqttOfPayload(Payload.of([Uint8Array.of(0, 255)]))], [0, 255]);
  });

  it('maps no arguments to an empty message', () => {
    assert.equal(mqttOfPayload(Payload.empty).length, 0);
    assert.equal(mqttOfPayload(Payload.encoded(jsonItems, utf8('[]'), 1)).length, 0);
  });

  it('maps other payloads to args and kwargs', () => {
    assert.equal(text(mqttOfPayload(Payload.of([1, 'a']))), '{"args":[1,"a"],"kwargs":{}}');
    assert.equal(text(mqttOfPayload(Payload.of([], { on: true }))), '{"args":[],"kwargs":{"on":true}}');
    assert.equal(text(mqttOfPayload(Payload.of([1], { on: true }))), '{"args":[1],"kwargs":{"on":true}}');
  });

  it('keeps the spelling of a JSON publisher', () => {
    assert.equal(text(mqttOfPayload(Payload.encoded(jsonItems, utf8('[ {"t": 21.50} ]'), 1))), '{"t": 21.50}');
    assert.equal(text(mqttOfPayload(Payload.encoded(jsonItems, utf8('[21.50],{}'), 2))), '21.5');
  });

  it('returns the payload that came from MQTT', () => {
    const messages = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.string({ unit: 'grapheme' }).map(utf8),
      fc.json().map(utf8),
    );
    fc.assert(
      fc.property(messages, message => {
        const back = mqttOfPayload(payloadOfMqtt(message));
        // A JSON string is returned as its text, and blanks around JSON are not kept.
        const value = parsed(text(message));
        if (typeof value === 'string') return;
        const same = Buffer.from(back).equals(message);
        assert.ok(same || text(back) === text(message).trim(), `${text(message)} came back as ${text(back)}`);
      }),
      { numRuns: 2000 },
    );
  });
});
