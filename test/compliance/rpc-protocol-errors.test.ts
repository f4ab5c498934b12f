import assert from 'node:assert/strict';
import type { Message } from '../support/bare-peer.ts';
import { complianceSuite } from './compliance-suite.ts';

/** Messages that end a session if it sends them first. */
const violations: readonly (readonly [string, Message])[] = [
  ['YIELD for an invocation that was never made', [70, 1, {}]],
  ['YIELD for an invocation of id 2^53', [70, 9007199254740991, {}]],
  ['ERROR for an invocation that was never made', [8, 68, 1, {}, 'com.myapp.error']],
  ...[0, 1, 6, 8, 32, 34, 36, 48, 49, 50, 64, 66, 69, 70, 99, 100_000].map(
    type => [`ERROR that answers ${type}`, [8, type, 1, {}, 'com.myapp.error']] as const,
  ),
  ['REGISTERED from a client', [65, 1, 1]],
  ['UNREGISTERED from a client', [67, 1]],
  ['RESULT from a client', [50, 1, {}]],
  ['INVOCATION from a client', [68, 1, 1, {}]],
  ['INTERRUPT from a client', [69, 1, {}]],
  ['WELCOME from a client', [2, 1, {}]],
  ['CHALLENGE from a client', [4, 'ticket', {}]],
  ['AUTHENTICATE within a session', [5, 'secret', {}]],
  ['HELLO within a session', [1, 'realm1', { roles: { caller: {} } }]],
  ['a message that does not exist', [99, 1]],
  ['a message of the extension range', [500, 1]],
  ['a message of code 0', [0]],
  ['a message of a negative code', [-1]],
  ['a message whose code is text', ['48', 1, {}, 'com.myapp.p']],
  ['a message whose code is a fraction', [48.5, 1, {}, 'com.myapp.p']],
  ['an empty list', []],
  ['CALL without a procedure', [48, 1, {}]],
  ['CALL without options', [48, 1, 'com.myapp.p']],
  ['CALL whose options are a list', [48, 1, [], 'com.myapp.p']],
  ['CALL whose options are null', [48, 1, null, 'com.myapp.p']],
  ['CALL whose procedure is a number', [48, 1, {}, 1]],
  ['CALL whose procedure is null', [48, 1, {}, null]],
  ['CALL whose arguments are a dictionary', [48, 1, {}, 'com.myapp.p', {}]],
  ['CALL whose arguments are text', [48, 1, {}, 'com.myapp.p', 'text']],
  ['CALL whose arguments are null', [48, 1, {}, 'com.myapp.p', null]],
  ['CALL whose keyword arguments are a list', [48, 1, {}, 'com.myapp.p', [], []]],
  ['CALL of too many elements', [48, 1, {}, 'com.myapp.p', [], {}, 1]],
  ['CALL of id 0', [48, 0, {}, 'com.myapp.p']],
  ['CALL of a negative id', [48, -1, {}, 'com.myapp.p']],
  ['CALL of a fraction of an id', [48, 1.5, {}, 'com.myapp.p']],
  ['CALL whose id is text', [48, '1', {}, 'com.myapp.p']],
  ['CALL whose id is true', [48, true, {}, 'com.myapp.p']],
  ['CALL of an id beyond 2^53', [48, 9007199254740993n, {}, 'com.myapp.p']],
  ['CALL that leaves out an id', [48, 2, {}, 'com.myapp.p']],
  ['REGISTER that leaves out an id', [64, 2, {}, 'com.myapp.p']],
  ['UNREGISTER that leaves out an id', [66, 7, 1]],
  ['REGISTER without a procedure', [64, 1, {}]],
  ['REGISTER of too many elements', [64, 1, {}, 'com.myapp.p', []]],
  ['UNREGISTER of id 0', [66, 1, 0]],
  ['UNREGISTER without an id', [66, 1]],
  ['UNREGISTER of text', [66, 1, '1']],
  ['CANCEL without options', [49, 1]],
  ['CANCEL of id 0', [49, 0, {}]],
  ['YIELD without options', [70, 1]],
];

complianceSuite('[basic/building_blocks] protocol errors', {
  'a violation ends its session with ABORT, and no other session': async on => {
    const witness = await on.join();
    await witness.register(on.uri('p'));
    for (const [what, message] of violations) {
      const peer = await on.join();
      peer.say(...message);
      await peer.peer.aborted().catch((error: unknown) => assert.fail(`${what}: ${String(error)}`));
    }
    await witness.hearsNothing();
  },

  'messages after a violation are ignored': async on => {
    const [peer, witness] = [await on.join(), await on.join()];
    await peer.register(on.uri('p'));
    peer.say(70, 77, {});
    peer.request(64, {}, on.uri('q'));
    await peer.peer.aborted();
    assert.equal(await witness.refused(48, {}, on.uri('p')), 'wamp.error.no_such_procedure');
    assert.equal(await witness.refused(48, {}, on.uri('q')), 'wamp.error.no_such_procedure');
  },

  'before a session, only HELLO is allowed': async on => {
    const messages: readonly Message[] = [
      [48, 1, {}, 'com.myapp.p'],
      [49, 1, {}],
      [64, 1, {}, 'com.myapp.p'],
      [66, 1, 1],
      [70, 1, {}],
      [8, 68, 1, {}, 'com.myapp.error'],
      [65, 1, 1],
      [67, 1],
      [50, 1, {}],
      [68, 1, 1, {}],
      [6, {}, 'wamp.close.close_realm'],
      [5, 'secret', {}],
    ];
    for (const message of messages) {
      const gone = await on.join();
      gone.say(6, {}, 'wamp.close.close_realm');
      await gone.hears([6, {}, 'wamp.close.goodbye_and_out']);
      gone.say(...message);
      await gone.peer.aborted();
    }
  },

  'request ids count 1, 2, 3 over all kinds of requests': async on => {
    const peer = await on.join();
    peer.say(64, 1, {}, on.uri('p'));
    const [, , registration] = await peer.peer.receive();
    peer.say(66, 2, registration);
    await peer.hears([67, 2]);
    peer.say(48, 3, {}, on.uri('p'));
    assert.equal(await peer.failure(48, 3), 'wamp.error.no_such_procedure');
    peer.say(16, 4, { acknowledge: true }, on.uri('t'));
    assert.deepEqual((await peer.peer.receive()).slice(0, 2), [17, 4]);
    peer.say(48, 6, {}, on.uri('p'));
    await peer.peer.aborted();
  },

  'an id cannot be used twice': async on => {
    const peer = await on.join();
    await peer.register(on.uri('p'));
    peer.say(64, 1, {}, on.uri('q'));
    await peer.peer.aborted();
  },

  'CANCEL of an unknown call is not answered': async on => {
    const peer = await on.join();
    for (const mode of ['skip', 'kill', 'killnowait']) peer.say(49, 5, { mode });
    peer.say(49, 9007199254740991, {});
    await peer.hearsNothing();
  },
});
