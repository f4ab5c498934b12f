import assert from 'node:assert/strict';
import { complianceSuite, wirePerSerializer } from './compliance-suite.ts';

const bytes = Buffer.from([0, 1, 2, 253, 254, 255]);
const sealed = {
  ppt_scheme: 'wamp',
  ppt_serializer: 'cbor',
  ppt_cipher: 'xsalsa20poly1305',
  ppt_keyid: 'GTtQ37XGJO2O4R8Dvx4AUo8pe61D9evIWpKGQAPdOh0=',
};
const mqtt = { ppt_scheme: 'mqtt', ppt_serializer: 'native' };
const custom = { ppt_scheme: 'x_my_ppt' };

const without = (role: 'caller' | 'callee') => ({ [role]: ['call_canceling', 'progressive_call_results'] });

complianceSuite(
  '[advanced/payload_passthru_mode]',
  {
    'the dealer and the broker announce the feature': async on => {
      const { details } = await on.join();
      const roles = details['roles'] as Record<'dealer' | 'broker', { features: Record<string, unknown> }>;
      assert.equal(roles.dealer.features['payload_passthru_mode'], true);
      assert.equal(roles.broker.features['payload_passthru_mode'], true);
    },

    'attributes and payload of CALL, YIELD and ERROR are passed on unchanged': async on => {
      const [callee, caller] = [await on.join(), await on.join()];
      const registration = await callee.register(on.uri('p'));
      for (const attributes of [sealed, mqtt, custom]) {
        const request = caller.request(48, attributes, on.uri('p'), [bytes]);
        const { request: invocation, details, args, kwargs } = await callee.invoked(registration);
        assert.deepEqual([details, args, kwargs], [attributes, [bytes], undefined]);
        callee.say(70, invocation, attributes, [bytes]);
        await caller.hears([50, request, attributes, [bytes]]);
        const failing = caller.request(48, attributes, on.uri('p'), [bytes]);
        const { request: second } = await callee.invoked(registration);
        callee.say(8, 68, second, attributes, 'com.myapp.invalid_revenue_year', [bytes]);
        await caller.hears([8, 48, failing, attributes, 'com.myapp.invalid_revenue_year', [bytes]]);
      }
    },

    'a call may use the mode in one direction only': async on => {
      const [callee, caller] = [await on.join(), await on.join()];
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, sealed, on.uri('p'), [bytes]);
      callee.say(70, (await callee.invoked(registration)).request, {}, ['open']);
      await caller.hears([50, request, {}, ['open']]);
      const second = caller.request(48, {}, on.uri('p'), ['open']);
      const { request: invocation, details } = await callee.invoked(registration);
      assert.deepEqual(details, {});
      callee.say(70, invocation, mqtt, [bytes]);
      await caller.hears([50, second, mqtt, [bytes]]);
    },

    'progressive results and invocations may use the mode': async on => {
      const [callee, caller] = [await on.join(), await on.join()];
      const registration = await callee.register(on.uri('p'));
      const options = { ...sealed, progress: true, receive_progress: true };
      const request = caller.request(48, options, on.uri('p'), [bytes]);
      const { request: invocation, details } = await callee.invoked(registration);
      assert.deepEqual(details, options);
      caller.say(48, request, {}, on.uri('p'), [bytes]);
      const { progress, ...last } = options;
      assert.ok(progress);
      await callee.hears([68, invocation, registration, last, [bytes]]);
      callee.say(70, invocation, { ...mqtt, progress: true }, [bytes]);
      callee.say(70, invocation, mqtt, [bytes]);
      await caller.hears([50, request, { ...mqtt, progress: true }, [bytes]], [50, request, mqtt, [bytes]]);
    },

    'CALL from a caller that has not announced the feature is a violation': async on => {
      const [callee, caller] = [await on.join(), await on.join(without('caller'))];
      await callee.register(on.uri('p'));
      caller.request(48, mqtt, on.uri('p'), [bytes]);
      await caller.peer.aborted();
      await callee.hearsNothing();
    },

    'a callee that has not announced the feature is not invoked, and the caller receives feature_not_supported':
      async on => {
        const [callee, caller] = [await on.join(without('callee')), await on.join()];
        const registration = await callee.register(on.uri('p'));
        const request = caller.request(48, mqtt, on.uri('p'), [bytes]);
        assert.equal(await caller.failure(48, request), 'wamp.error.feature_not_supported');
        await callee.hearsNothing();
        // Ordinary calls continue.
        const plain = caller.request(48, {}, on.uri('p'), [1]);
        callee.say(70, (await callee.invoked(registration)).request, {});
        await caller.hears([50, plain, {}]);
      },

    'YIELD from a callee that has not announced the feature is a violation, and the caller receives ERROR':
      async on => {
        const [callee, caller] = [await on.join(without('callee')), await on.join()];
        const registration = await callee.register(on.uri('p'));
        const request = caller.request(48, {}, on.uri('p'));
        callee.say(70, (await callee.invoked(registration)).request, mqtt, [bytes]);
        await callee.peer.aborted();
        assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
      },

    'YIELD for a caller that has not announced the feature ends the call, and the callee receives feature_not_supported':
      async on => {
        const [callee, caller] = [await on.join(), await on.join(without('caller'))];
        const registration = await callee.register(on.uri('p'));
        const request = caller.request(48, {}, on.uri('p'));
        const { request: invocation } = await callee.invoked(registration);
        callee.say(70, invocation, mqtt, [bytes]);
        assert.equal(await callee.failure(70, invocation), 'wamp.error.feature_not_supported');
        assert.equal((await caller.peer.receive())[2], request);
        await caller.hearsNothing();
        // Both sessions continue.
        const next = caller.request(48, {}, on.uri('p'));
        callee.say(70, (await callee.invoked(registration)).request, {}, [1]);
        await caller.hears([50, next, {}, [1]]);
      },

    'an empty ppt_scheme disables the mode': async on => {
      const [callee, caller] = [await on.join(without('callee')), await on.join(without('caller'))];
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, { ppt_scheme: '' }, on.uri('p'), [1]);
      const { request: invocation, details } = await callee.invoked(registration);
      assert.deepEqual(details, {});
      callee.say(70, invocation, { ppt_scheme: '' }, [2]);
      await caller.hears([50, request, {}, [2]]);
    },
  },
  { on: wirePerSerializer },
);
