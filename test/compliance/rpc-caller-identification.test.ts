import assert from 'node:assert/strict';
import { examine } from './examined-gateway.ts';

examine('[advanced/rpc_caller_identification]', {
  'nobody is named who did not ask for it': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'));
    for (const options of [{}, { disclose_me: false }]) {
      caller.request(48, options, stage.uri('p'));
      assert.deepEqual((await callee.invoked(registration)).details, {});
    }
  },

  'disclose_me: the callee learns session, authid and authrole': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'));
    caller.request(48, { disclose_me: true }, stage.uri('p'));
    assert.deepEqual((await callee.invoked(registration)).details, {
      caller: caller.id,
      caller_authid: caller.details['authid'],
      caller_authrole: caller.details['authrole'],
    });
  },

  'disclose_caller of a registration does the same for every call': async stage => {
    const [callee, caller, other] = [await stage.join(), await stage.join(), await stage.join({ caller: [] })];
    const registration = await callee.register(stage.uri('p'), { disclose_caller: true });
    for (const each of [caller, other]) {
      for (const options of [{}, { disclose_me: false }, { disclose_me: true }]) {
        each.request(48, options, stage.uri('p'));
        assert.equal((await callee.invoked(registration)).details['caller'], each.id);
      }
    }
  },

  'disclose_caller: false is as if it were not there': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'), { disclose_caller: false });
    caller.request(48, {}, stage.uri('p'));
    assert.deepEqual((await callee.invoked(registration)).details, {});
  },

  'of a shared registration those learn it who asked': async stage => {
    const [asking, other, caller] = [await stage.join(), await stage.join(), await stage.join()];
    const registration = await asking.register(stage.uri('p'), { invoke: 'roundrobin', disclose_caller: true });
    await other.register(stage.uri('p'), { invoke: 'roundrobin' });
    caller.request(48, {}, stage.uri('p'));
    caller.request(48, {}, stage.uri('p'));
    assert.equal((await asking.invoked(registration)).details['caller'], caller.id);
    assert.deepEqual((await other.invoked(registration)).details, {});
  },

  'what the caller says of itself in other options is not passed on': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'));
    const forged = { caller: 1, caller_authid: 'root', caller_authrole: 'admin', procedure: 'x', trustlevel: 9 };
    caller.request(48, forged, stage.uri('p'));
    assert.deepEqual((await callee.invoked(registration)).details, {});
  },

  '[advanced/rpc_call_trustlevels] is announced, and nothing is said where nothing is configured': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const { dealer } = callee.details['roles'] as { dealer: { features: Record<string, unknown> } };
    assert.equal(dealer.features['call_trustlevels'], true);
    assert.equal(dealer.features['caller_identification'], true);
    const registration = await callee.register(stage.uri('p'));
    caller.request(48, {}, stage.uri('p'));
    assert.deepEqual((await callee.invoked(registration)).details, {});
  },
});
