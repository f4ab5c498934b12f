import assert from 'node:assert/strict';
import { examine, type Stage } from './examined-gateway.ts';

/** A call under way. */
async function calling(stage: Stage, features: readonly string[] = ['call_canceling']) {
  const [callee, caller] = [await stage.join({ callee: features }), await stage.join()];
  const registration = await callee.register(stage.uri('p'));
  const request = caller.request(48, {}, stage.uri('p'));
  const { request: invocation } = await callee.invoked(registration);
  return { callee, caller, registration, request, invocation };
}

examine('[advanced/rpc_call_canceling]', {
  'skip: the caller is told at once, the callee never, and its answer is dropped': async stage => {
    for (const answer of ['result', 'error']) {
      const { callee, caller, registration, request, invocation } = await calling(stage);
      caller.say(49, request, { mode: 'skip' });
      assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
      await callee.hearsNothing();
      if (answer === 'result') callee.say(70, invocation, {}, [1]);
      else callee.say(8, 68, invocation, {}, 'com.myapp.error');
      await callee.hearsNothing();
      await caller.hearsNothing();
      await callee.ask(66, registration);
    }
  },

  'killnowait: the caller is told at once, the callee as well, and its answer is dropped': async stage => {
    const { callee, caller, registration, request, invocation } = await calling(stage);
    caller.say(49, request, { mode: 'killnowait' });
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
    callee.say(8, 68, invocation, {}, 'wamp.error.canceled');
    callee.say(70, invocation, {}, [1]);
    await callee.hearsNothing();
    await caller.hearsNothing();
    // The session goes on as before.
    const next = caller.request(48, {}, stage.uri('p'));
    callee.say(70, (await callee.invoked(registration)).request, {}, ['next']);
    await caller.hears([50, next, {}, ['next']]);
  },

  'kill: the callee is told, and its error ends the call': async stage => {
    const { callee, caller, request, invocation } = await calling(stage);
    caller.say(49, request, { mode: 'kill' });
    await callee.hears([69, invocation, { mode: 'kill' }]);
    await caller.hearsNothing();
    callee.say(8, 68, invocation, {}, 'wamp.error.canceled', ['stopped'], { at: 3 });
    await caller.hears([8, 48, request, {}, 'wamp.error.canceled', ['stopped'], { at: 3 }]);
  },

  'kill: a callee that was quicker gives its result': async stage => {
    const { callee, caller, request, invocation } = await calling(stage);
    caller.say(49, request, { mode: 'kill' });
    await callee.hears([69, invocation, { mode: 'kill' }]);
    callee.say(70, invocation, {}, ['done']);
    await caller.hears([50, request, {}, ['done']]);
    callee.say(8, 68, invocation, {}, 'wamp.error.canceled');
    await callee.hearsNothing();
    await caller.hearsNothing();
  },

  'kill: progressive results still come, and the final one ends the call': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'));
    const request = caller.request(48, { receive_progress: true }, stage.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    caller.say(49, request, { mode: 'kill' });
    await callee.hears([69, invocation, { mode: 'kill' }]);
    callee.say(70, invocation, { progress: true }, [1]);
    callee.say(70, invocation, {}, [2]);
    await caller.hears([50, request, { progress: true }, [1]], [50, request, {}, [2]]);
  },

  'kill, and then the callee is gone: canceled': async stage => {
    const { callee, caller, request, invocation } = await calling(stage);
    caller.say(49, request, { mode: 'kill' });
    await callee.hears([69, invocation, { mode: 'kill' }]);
    callee.peer.end();
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    await caller.hearsNothing();
  },

  'kill, and then the caller is gone: the callee’s answer is dropped': async stage => {
    const { callee, caller, request, invocation } = await calling(stage);
    caller.say(49, request, { mode: 'kill' });
    await callee.hears([69, invocation, { mode: 'kill' }]);
    caller.say(6, {}, 'wamp.close.close_realm');
    await caller.hears([6, {}, 'wamp.close.goodbye_and_out']);
    callee.say(70, invocation, {}, [1]);
    const rest = await callee.soFar();
    assert.ok(rest.every(([type, id]) => type === 69 && id === invocation));
  },

  'kill and then kill again, or another mode': async stage => {
    for (const mode of ['kill', 'skip', 'killnowait']) {
      const { callee, caller, request, invocation, registration } = await calling(stage);
      caller.say(49, request, { mode: 'kill' });
      await callee.hears([69, invocation, { mode: 'kill' }]);
      caller.say(49, request, { mode });
      if (mode === 'kill') {
        await caller.hearsNothing();
        await callee.hearsNothing();
        callee.say(70, invocation, {}, [1]);
        await caller.hears([50, request, {}, [1]]);
      } else {
        assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
        callee.say(70, invocation, {}, [1]);
        await callee.soFar();
        await caller.hearsNothing();
      }
      await callee.ask(66, registration);
    }
  },

  'a callee without the feature: every mode is skip': async stage => {
    for (const mode of ['skip', 'kill', 'killnowait']) {
      const { callee, caller, request, invocation, registration } = await calling(stage, []);
      caller.say(49, request, { mode });
      assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
      callee.say(70, invocation, {}, ['too late']);
      await callee.hearsNothing();
      await caller.hearsNothing();
      await callee.ask(66, registration);
    }
  },

  'no mode: the call ends all the same': async stage => {
    const { callee, caller, request, invocation } = await calling(stage);
    caller.say(49, request, {});
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    callee.say(70, invocation, {}, ['too late']);
    await callee.soFar();
    await caller.hearsNothing();
  },

  'CANCEL of a call that has ended, or of another session’s, is ignored': async stage => {
    const { callee, caller, request, invocation } = await calling(stage);
    const stranger = await stage.join();
    stranger.say(49, request, { mode: 'killnowait' });
    await stranger.hearsNothing();
    await callee.hearsNothing();
    callee.say(70, invocation, {}, [1]);
    await caller.hears([50, request, {}, [1]]);
    for (const mode of ['skip', 'kill', 'killnowait']) caller.say(49, request, { mode });
    await caller.hearsNothing();
    await callee.hearsNothing();
  },

  'one of several calls is canceled, the others go on': async stage => {
    const { callee, caller, registration, request, invocation } = await calling(stage);
    const other = caller.request(48, {}, stage.uri('p'));
    const { request: its } = await callee.invoked(registration);
    caller.say(49, request, { mode: 'killnowait' });
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
    callee.say(70, its, {}, ['other']);
    await caller.hears([50, other, {}, ['other']]);
  },

  'CALL and CANCEL in one breath: the callee hears of both': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'));
    const request = caller.request(48, {}, stage.uri('p'));
    caller.say(49, request, { mode: 'killnowait' });
    const { request: invocation } = await callee.invoked(registration);
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
  },
});
