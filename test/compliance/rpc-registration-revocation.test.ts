import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

complianceSuite(
  '[advanced/rpc_registration_revocation]',
  {
    'the dealer announces the feature': async on => {
      const { details } = await on.join();
      const { dealer } = details['roles'] as { dealer: { features: Record<string, unknown> } };
      assert.equal(dealer.features['registration_revocation'], true);
    },

    'a callee that announced the feature receives UNREGISTERED with request 0, registration and reason': async on => {
      const [callee, admin, caller] = [await on.join(), await on.join(), await on.join()];
      const registration = await callee.register(on.uri('p'));
      const reason = 'moving endpoint to other callee';
      await admin.call('wampway.registration.revoke', [callee.id, registration], { reason });
      await callee.hears([67, 0, { registration, reason }]);
      assert.equal(await caller.refused(48, {}, on.uri('p')), 'wamp.error.no_such_procedure');
      assert.equal(await callee.refused(66, registration), 'wamp.error.no_such_registration');
      assert.notEqual(await callee.register(on.uri('p')), registration);
    },

    'a callee that did not announce the feature receives nothing': async on => {
      const [callee, admin] = [await on.join({ callee: ['call_canceling'] }), await on.join()];
      const registration = await callee.register(on.uri('p'));
      await admin.call('wampway.registration.revoke', [callee.id, registration]);
      await callee.hearsNothing();
      assert.equal(await callee.refused(66, registration), 'wamp.error.no_such_registration');
    },

    'the other callees of a shared registration stay, and calls in progress are answered': async on => {
      const [one, two] = [await on.join(), await on.join()];
      const [admin, caller] = [await on.join(), await on.join()];
      const registration = await one.register(on.uri('p'), { invoke: 'first' });
      await two.register(on.uri('p'), { invoke: 'first' });
      const request = caller.request(48, {}, on.uri('p'));
      const { request: invocation } = await one.invoked(registration);
      await admin.call('wampway.registration.revoke', [one.id, registration], { reason: 'enough' });
      await one.hears([67, 0, { registration, reason: 'enough' }]);
      one.say(70, invocation, {}, ['still']);
      await caller.hears([50, request, {}, ['still']]);
      const next = caller.request(48, {}, on.uri('p'));
      two.say(70, (await two.invoked(registration)).request, {});
      await caller.hears([50, next, {}]);
    },

    'a revocation causes meta events in the usual order': async on => {
      const [callee, admin, viewer] = [await on.join(), await on.join(), await on.join()];
      await viewer.subscribe('wamp.registration.on_unregister');
      await viewer.subscribe('wamp.registration.on_delete');
      const registration = await callee.register(on.uri('p'));
      await admin.call('wampway.registration.revoke', [callee.id, registration]);
      const mine = (await viewer.eventsSoFar()).filter(({ args }) => Object(args)[1] === registration);
      assert.deepEqual(
        mine.map(({ args }) => args),
        [
          [callee.id, registration],
          [callee.id, registration],
        ],
      );
      assert.equal(new Set(mine.map(({ subscription }) => subscription)).size, 2);
    },

    'force_reregister replaces the registered callee, which receives UNREGISTERED': async on => {
      const [old, young, caller] = [await on.join(), await on.join(), await on.join()];
      const registration = await old.register(on.uri('p'));
      const next = await young.register(on.uri('p'), { force_reregister: true });
      assert.notEqual(next, registration);
      const [type, request, details] = await old.peer.receive();
      assert.deepEqual([type, request, Object(details).registration], [67, 0, registration]);
      const call = caller.request(48, {}, on.uri('p'));
      young.say(70, (await young.invoked(next)).request, {});
      await caller.hears([50, call, {}]);
      await old.hearsNothing();
    },

    'force_reregister: the previous callee answers its calls in progress': async on => {
      const [old, young, caller] = [await on.join(), await on.join(), await on.join()];
      const registration = await old.register(on.uri('p'));
      const call = caller.request(48, {}, on.uri('p'));
      const { request: invocation } = await old.invoked(registration);
      await young.register(on.uri('p'), { force_reregister: true });
      assert.equal((await old.peer.receive())[0], 67);
      old.say(70, invocation, {}, ['old']);
      await caller.hears([50, call, {}, ['old']]);
    },

    'force_reregister without an earlier registration is an ordinary REGISTER': async on => {
      const [callee, other] = [await on.join(), await on.join()];
      await callee.register(on.uri('p'), { force_reregister: true });
      await callee.hearsNothing();
      assert.equal(
        await other.refused(64, { force_reregister: false }, on.uri('p')),
        'wamp.error.procedure_already_exists',
      );
    },

    'force_reregister of a shared procedure replaces all callees, and may set another policy': async on => {
      const [one, two, three] = [await on.join(), await on.join(), await on.join()];
      const registration = await one.register(on.uri('p'), { invoke: 'roundrobin' });
      await two.register(on.uri('p'), { invoke: 'roundrobin' });
      await three.register(on.uri('p'), { force_reregister: true });
      for (const callee of [one, two]) {
        const [type, request, details] = await callee.peer.receive();
        assert.deepEqual([type, request, Object(details).registration], [67, 0, registration]);
      }
      assert.equal(await one.refused(64, { invoke: 'roundrobin' }, on.uri('p')), 'wamp.error.procedure_already_exists');
    },

    'no client can take over the procedures of the router': async on => {
      const callee = await on.join();
      for (const uri of ['wamp.session.count', 'wampway.session.list']) {
        const error = await callee.refused(64, { force_reregister: true }, uri);
        assert.ok(error === 'wamp.error.invalid_uri' || error === 'wamp.error.not_authorized');
      }
      assert.equal((await callee.call('wamp.session.count')).length, 1);
    },
  },
  { alone: true },
);
