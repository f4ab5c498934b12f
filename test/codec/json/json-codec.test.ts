import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonCodec } from '../../../src/codec/json/json-codec.ts';
import { EMPTY_DICT } from '../../../src/wamp/dict.ts';
import { ProtocolViolation, WampError } from '../../../src/wamp/errors.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import type { EventMessage, Message } from '../../../src/wamp/messages/messages.ts';
import { Payload } from '../../../src/wamp/payload.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const decode = (frame: string): Message => jsonCodec.decode(utf8(frame));

function payloadOf(message: Message): Payload {
  assert.ok('payload' in message);
  return message.payload;
}

function event(payload: Payload): EventMessage {
  return {
    type: MessageType.Event,
    subscription: asId(1),
    publication: asId(2),
    details: EMPTY_DICT,
    payload,
  };
}

const encoded = (payload: Payload): string => text(jsonCodec.encode(event(payload)));

describe('jsonCodec.decode', () => {
  it('reads the elements of a message', () => {
    const message = decode('[16,239714735,{"exclude_me":false},"com.myapp.topic",["Hello"],{"a":1}]');
    assert.equal(message.type, MessageType.Publish);
    assert.equal(message.request, 239714735);
    assert.deepEqual(message.options, { exclude_me: false });
    assert.equal(message.topic, 'com.myapp.topic');
    assert.deepEqual(message.payload.values, { args: ['Hello'], kwargs: { a: 1 } });
  });

  it('accepts whitespace everywhere', () => {
    const message = decode(' \r\n[ 16 ,\t7 , { } , "a.b" , [ 1 , 2 ] , { "k" : [ ] } ] \n');
    assert.equal(message.type, MessageType.Publish);
    assert.deepEqual(message.options, {});
    assert.deepEqual(message.payload.values, { args: [1, 2], kwargs: { k: [] } });
  });

  it('shares one empty dictionary', () => {
    const message = decode('[32,1,{},"a"]');
    assert.equal(message.type === MessageType.Subscribe && message.options, EMPTY_DICT);
  });

  it('returns the same string object for the same bytes, and the right string for others', () => {
    for (const uri of ['com.a', 'com.b', 'com.å', `com.${'x'.repeat(100)}`, 'com.a']) {
      const message = decode(`[32,1,{},"${uri}"]`);
      assert.equal(message.type === MessageType.Subscribe && message.topic, uri);
    }
  });

  it('never confuses two texts, however many there are', () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 5000; i++) {
        const message = decode(`[32,1,{},"dev.${10_000 + i}.t"]`);
        assert.equal(message.type === MessageType.Subscribe && message.topic, `dev.${10_000 + i}.t`);
      }
    }
  });

  it('reads escapes in a URI', () => {
    const message = decode('[32,1,{},"com.\\u00e9\\/x"]');
    assert.equal(message.type === MessageType.Subscribe && message.topic, 'com.é/x');
  });

  it('accepts ids up to 2^53, and whole numbers in every notation [basic/building_blocks]', () => {
    for (const id of ['1', '9007199254740991', '9007199254740992', '1.0', '1e3', '12300e-2']) {
      const message = decode(`[33,${id},${id}]`);
      assert.equal(message.type === MessageType.Subscribed && message.request, Number(id));
    }
  });

  it('keeps the payload as a view of the frame', () => {
    const frame = utf8('[36,1,2,{}, [1, 2],{"a":3} ]');
    const items = payloadOf(jsonCodec.decode(frame)).itemsIn(jsonCodec.format);
    assert.equal(items.buffer, frame.buffer);
    assert.equal(text(items), '[1, 2],{"a":3}');
  });

  it('reads a payload that only the endpoints can read as one argument [advanced/payload_passthru_mode]', () => {
    const payload = payloadOf(decode('[36,1,2,{},"\\u0000AQI="]'));
    assert.deepEqual(payload.args, [Uint8Array.of(1, 2)]);
    assert.equal(encoded(payload), '[36,1,2,{},"\\u0000AQI="]');
  });

  it('turns strings that begin with NUL into binary [advanced/serialization_binary_json]', () => {
    const payload = payloadOf(
      decode('[36,1,2,{},["\\u0000EOP/kFMHXFJvX8BtT+N82w==","\\u0000AQI","\\u0000\\/w==","\\u0000"]]'),
    );
    assert.deepEqual(payload.args, [
      Uint8Array.from(Buffer.from('10e3ff9053075c526f5fc06d4fe37cdb', 'hex')),
      Uint8Array.of(1, 2),
      Uint8Array.of(255),
      Uint8Array.of(),
    ]);
  });

  it('reads a string that begins with NUL without valid Base64 as binary: the bytes of its UTF-8', () => {
    assert.deepEqual(payloadOf(decode('[36,1,2,{},["\\u0000not base64"]]')).args, [
      new TextEncoder().encode('\0not base64'),
    ]);
  });

  it('keeps integers beyond 2^53 exact', () => {
    const payload = payloadOf(
      decode('[36,1,2,{},[9007199254740993,-123456789012345678901234567890,9007199254740992,1e20]]'),
    );
    assert.deepEqual(payload.args, [9007199254740993n, -123456789012345678901234567890n, 9007199254740992, 1e20]);
  });

  it('reads sixteen digits and more exactly, in every position', () => {
    const values = (items: string) => payloadOf(decode(`[36,1,2,{},${items}]`)).values;
    assert.deepEqual(values('[9007199254740993]').args, [9007199254740993n]);
    assert.deepEqual(values('[],{"a":-9007199254740993}').kwargs, { a: -9007199254740993n });
    assert.deepEqual(values('[0.1234567890123456,"1234567890123456"]').args, [0.1234567890123456, '1234567890123456']);
  });

  it('does not change any prototype', () => {
    const { kwargs } = payloadOf(decode('[36,1,2,{},[12345678901234567890],{"__proto__":{"polluted":1}}]'));
    assert.deepEqual(Object.keys(kwargs), ['__proto__']);
    assert.equal(Object.getPrototypeOf(kwargs), Object.prototype);
    assert.equal('polluted' in kwargs, false);
  });

  const refused: [what: string, frame: string, message: RegExp][] = [
    ['nothing', '', /a list expected, but the text ends/],
    ['no list', '{}', /byte 0: a list expected, not '{'/],
    ['an empty list', '[]', /this list is empty/],
    ['an unknown code', '[99,1]', /no message with the code 99/],
    ['a code that is text', '["16",1]', /begins with its code, not text/],
    ['a code that is a fraction', '[16.5,1]', /begins with its code/],
    ['too few elements', '[16,1,{}]', /PUBLISH: element 3 is missing, text is due/],
    ['an element too many', '[33,1,2,3]', /SUBSCRIBED has no element 3/],
    ['an element after kwargs', '[16,1,{},"a",[],{},1]', /PUBLISH has no element 6/],
    ['a text for an id', '[16,"1",{},"a"]', /PUBLISH: element 1 must be an id, .* not text/],
    ['id 0', '[16,0,{},"a"]', /element 1 must be an id, .* not 0/],
    ['an id beyond 2^53', '[16,9007199254740993,{},"a"]', /must be an id/],
    ['an id with a leading zero', '[16,01,{},"a"]', /must be an id/],
    ['a list for a dictionary', '[16,1,[],"a"]', /element 2 must be a dictionary, not a list/],
    ['null for a URI', '[16,1,{},null]', /element 3 must be text, not null/],
    ['text for args', '[16,1,{},"a","b"]', /element 4 must be a list, not text/],
    ['a list for kwargs', '[16,1,{},"a",[],[]]', /element 5 must be a dictionary, not a list/],
    ['kwargs after binary', '[16,1,{},"a","\\u0000AQ==",{}]', /element 5 must be a dictionary/],
    ['ERROR of what cannot fail', '[8,36,1,{},"a"]', /element 1 must be the code of a request that can fail, not 36/],
    ['what follows the list', '[33,1,2]]', /data after the message/],
    ['no end', '[33,1,2', /',' or '\]' expected, but the text ends/],
    ['no end within the payload', '[16,1,{},"a",["x', /unterminated string/],
    ['NaN', '[16,1,{},"a",[NaN]]', /a value expected, not 'N'/],
    ['a bad escape', '[16,1,{},"a",["\\x"]]', /invalid escape/],
    ['a key that is none', '[16,1,{},"a",[],{1:2}]', /a key expected, not '1'/],
  ];
  for (const [what, frame, message] of refused) {
    it(`rejects ${what}`, () => {
      assert.throws(
        () => decode(frame),
        error => error instanceof ProtocolViolation && message.test(error.message),
        frame,
      );
    });
  }

  it('rejects text that is not UTF-8', () => {
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      const frame = Uint8Array.from([...utf8('[36,1,2,{},["'), ...bad, ...utf8('"]]')]);
      assert.throws(() => jsonCodec.decode(frame), ProtocolViolation);
    }
  });

  it('rejects deeper nesting than 256 levels', () => {
    assert.throws(() => decode(`[36,1,2,{},${'['.repeat(1_000_000)}`), /nested deeper than 256 levels/);
    const deep = (levels: number) => `[36,1,2,{},${'['.repeat(levels)}${']'.repeat(levels)}]`;
    assert.doesNotThrow(() => decode(deep(256)));
    assert.throws(() => decode(deep(257)), /nested deeper than 256 levels/);
  });

  it('accepts a string of one mebibyte', () => {
    const long = 'å'.repeat(524_288);
    assert.deepEqual(payloadOf(decode(`[36,1,2,{},["${long}"]]`)).args, [long]);
  });
});

describe('jsonCodec.encode', () => {
  it('copies the received arguments unchanged', () => {
    const message = decode('[16,1,{},"a",[ 1.50 , "\\u00e9"],{"k": 1e2}]');
    assert.equal(encoded(payloadOf(message)), '[36,1,2,{},[ 1.50 , "\\u00e9"],{"k": 1e2}]');
  });

  it('encodes the same message once', () => {
    const message = event(Payload.of([1]));
    assert.equal(jsonCodec.encode(message), jsonCodec.encode(message));
    assert.notEqual(jsonCodec.encode(message), jsonCodec.encode({ ...message }));
  });

  it('does not overwrite frames that it has returned', () => {
    const frames = Array.from({ length: 3000 }, (_, i) => jsonCodec.encode(event(Payload.of([i, 'x'.repeat(i)]))));
    frames.forEach((frame, i) => {
      assert.equal(text(frame), `[36,1,2,{},[${i},"${'x'.repeat(i)}"]]`);
    });
  });

  it('writes 2^53 as digits', () => {
    const frame = jsonCodec.encode({ type: MessageType.EventReceived, publication: asId(2 ** 53) });
    assert.equal(text(frame), '[337,9007199254740992]');
  });

  it('writes values as JSON.stringify does', () => {
    const values = [
      null,
      true,
      false,
      0,
      -1,
      1.5,
      1e21,
      'a"\\\n\u0001é\u2028\ud800',
      NaN,
      Infinity,
      { a: [{}], b: undefined },
      [undefined, () => 1, Symbol('s')],
      new Date(0),
    ];
    assert.equal(encoded(Payload.of(values)), `[36,1,2,{},${JSON.stringify(values)}]`);
  });

  it('writes what JSON.stringify cannot', () => {
    const values = [
      Uint8Array.of(1, 2),
      Uint8Array.of(255).buffer,
      12345678901234567890n,
      7n,
      new Map([[1, 'x']]),
      new Set([1]),
      -0,
    ];
    assert.equal(
      encoded(Payload.of(values)),
      '[36,1,2,{},["\\u0000AQI=","\\u0000/w==",12345678901234567890,7,{"1":"x"},[1],-0.0]]',
    );
  });

  it('throws on values that cannot be encoded, and works afterwards', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    assert.throws(() => encoded(Payload.of([circle])), WampError);
    assert.equal(encoded(Payload.of([1])), '[36,1,2,{},[1]]');
  });

  it('can encode another message while it encodes', () => {
    const inner = { toJSON: () => encoded(Payload.of(['inner'])) };
    assert.equal(encoded(Payload.of([inner])), '[36,1,2,{},["[36,1,2,{},[\\"inner\\"]]"]]');
  });
});
