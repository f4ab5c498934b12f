import assert from 'node:assert/strict';
import { wireOf } from '../support/bare-peer.ts';
import { complianceSuite } from './compliance-suite.ts';

const binaryWires = [wireOf('websocket', 'cbor'), wireOf('rawsocket', 'msgpack')];
const bytes = Buffer.from('10e3ff9053075c526f5fc06d4fe37cdb', 'hex');
const text = '"\\u0000EOP/kFMHXFJvX8BtT+N82w=="';

complianceSuite(
  '[advanced/serialization_binary_json]',
  {
    'a binary value is base64 after U+0000 in JSON, as in the example of the specification': async on => {
      const json = await on.join();
      await json.subscribe(on.uri('topic'));
      for (const wire of binaryWires) {
        const publisher = await on.join({}, wire);
        await publisher.publish(on.uri('topic'), {}, [bytes], { b: bytes });
        const frame = (await json.peer.receiveBytes()).toString();
        assert.ok(frame.endsWith(`[${text}],{"b":${text}}]`), frame);
      }
    },

    'base64 after U+0000 in JSON is a binary value in other serializers': async on => {
      const json = await on.join();
      for (const wire of binaryWires) {
        const subscriber = await on.join({}, wire);
        await subscriber.subscribe(on.uri(wire.serializer.name));
        await json.soFar();
        json.request(16, {}, on.uri(wire.serializer.name), [bytes, [bytes], { a: bytes }, Buffer.alloc(0)]);
        assert.deepEqual((await subscriber.event()).args, [bytes, [bytes], { a: bytes }, Buffer.alloc(0)]);
      }
    },

    'a binary value does not change between JSON clients': async on => {
      const [publisher, subscriber] = [await on.join(), await on.join()];
      await subscriber.subscribe(on.uri('topic'));
      publisher.peer.sendBytes(`[16,1,{},"${on.uri('topic')}",[${text},"\\u0000"]]`);
      const frame = (await subscriber.peer.receiveBytes()).toString();
      assert.ok(frame.endsWith(`[${text},"\\u0000"]]`), frame);
    },

    'a string that does not begin with U+0000 is a string': async on => {
      const json = await on.join();
      for (const wire of [...binaryWires, on.wire]) {
        const subscriber = await on.join({}, wire);
        await subscriber.subscribe(on.uri(wire.serializer.name));
        const strings = ['a\u0000b', 'EOP/kFMHXFJvX8BtT+N82w==', ' \u0000'];
        json.request(16, {}, on.uri(wire.serializer.name), strings);
        assert.deepEqual((await subscriber.event()).args, strings);
      }
    },

    'a string of U+0000 and invalid base64 is a binary value of its UTF-8 bytes': async on => {
      const [json, subscriber] = [await on.join(), await on.join({}, wireOf('websocket', 'cbor'))];
      await subscriber.subscribe(on.uri('topic'));
      json.request(16, {}, on.uri('topic'), ['\u0000$$ not base64 $$']);
      json.request(16, {}, on.uri('topic'), ['next']);
      const { args } = await subscriber.event();
      assert.deepEqual(args, [Buffer.from('\u0000$$ not base64 $$')]);
      assert.deepEqual((await subscriber.event()).args, ['next']);
    },
  },
  { on: [wireOf('websocket', 'json'), wireOf('rawsocket', 'json')] },
);
