import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CALLS_KEPT, proceduresOf } from '../../../console/model/calls/call-log.ts';
import { CallRunner } from '../../../console/model/calls/call-runner.ts';
import type { CallOptions, CallResult } from '../../../src/client/api/session-api.ts';
import { jsonItems } from '../../../src/codec/json/json-items.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import { asUri } from '../../../src/wamp/uri.ts';

type Answer = (procedure: string, options: CallOptions) => Promise<CallResult>;

const result = (...args: unknown[]): CallResult => ({ args, kwargs: {}, details: {}, payload: Payload.of(args) });

function callRunner(answer: Answer) {
  let time = 1000;
  const made = new CallRunner({
    session: { call: (procedure, options = {}) => answer(procedure, options) },
    now: () => time,
  });
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { runner: made, pass };
}

describe('call runner', () => {
  it('makes the call in the form and logs its result', async () => {
    const received: unknown[] = [];
    const { runner, pass } = callRunner(async (procedure, { payload }) => {
      received.push(procedure, payload?.args, payload?.kwargs);
      pass(25);
      return result(42);
    });
    runner.draft.set({ procedure: ' com.add ', args: '[1, 2]', kwargs: 'x=3' });
    await runner.callDraft();
    assert.deepEqual(received, ['com.add', [1, 2], { x: 3 }]);
    const [call] = runner.calls.value;
    assert.equal(call?.procedure, 'com.add');
    assert.deepEqual(call?.outcome, { kind: 'result', values: { args: [42], kwargs: {} }, took: 25 });
  });

  it('sends integers with every digit, and floats as floats', async () => {
    const sent: string[] = [];
    const { runner } = callRunner(async (_, { payload = Payload.empty }) => {
      sent.push(new TextDecoder().decode(payload.itemsIn(jsonItems)));
      return result();
    });
    for (const [args, kwargs] of [
      ['9007199254740993', ''],
      ['[1724442618569203714, [21.0, 21], -0, 1e400]', 'id=18446744073709551616\nt=1.0'],
      ['', '{"deep":{"id":-9007199254740993}}'],
    ] as const) {
      runner.draft.set({ procedure: 'p', args, kwargs });
      await runner.callDraft();
    }
    assert.deepEqual(sent, [
      '[9007199254740993]',
      '[1724442618569203714, [21.0, 21], -0, 1e400],{"id":18446744073709551616,"t":1.0}',
      '[],{"deep":{"id":-9007199254740993}}',
    ]);
  });

  it('logs an error with its URI, arguments and keyword arguments', async () => {
    const { runner } = callRunner(() => Promise.reject(new WampError(asUri('com.error'), ['no'], { code: 7 })));
    runner.draft.set({ procedure: 'p', args: '', kwargs: '' });
    await runner.callDraft();
    const outcome = runner.calls.value[0]?.outcome;
    assert.deepEqual(outcome, {
      kind: 'error',
      uri: 'com.error',
      values: { args: ['no'], kwargs: { code: 7 } },
      took: 0,
    });
  });

  it('logs the message of an error that did not come from WAMP', async () => {
    const { runner } = callRunner(() => Promise.reject(new TypeError('cannot encode')));
    runner.draft.set({ procedure: 'p', args: '', kwargs: '' });
    await runner.callDraft();
    const outcome = runner.calls.value[0]?.outcome;
    assert.deepEqual(outcome, {
      kind: 'error',
      uri: 'not sent',
      values: { args: ['cannot encode'], kwargs: {} },
      took: 0,
    });
  });

  it('cancels a running call', async () => {
    const { runner } = callRunner(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new WampError(ErrorUri.Canceled)));
        }),
    );
    runner.draft.set({ procedure: 'p', args: '', kwargs: '' });
    const done = runner.callDraft();
    const [call] = runner.calls.value;
    assert.equal(call?.outcome.kind, 'running');
    runner.cancel(call?.id ?? 0);
    await done;
    assert.equal(runner.calls.value[0]?.outcome.kind, 'canceled');
  });

  it('ignores an invalid form', async () => {
    const { runner } = callRunner(() => assert.fail('called'));
    for (const draft of [
      { procedure: '', args: '', kwargs: '' },
      { procedure: 'p', args: '[1', kwargs: '' },
      { procedure: 'p', args: '', kwargs: '{' },
    ]) {
      runner.draft.set(draft);
      await runner.callDraft();
    }
    assert.deepEqual(runner.calls.value, []);
  });

  it('logs the latest calls, newest first, and suggests each procedure once', async () => {
    const { runner } = callRunner(async () => result());
    for (let n = 0; n < CALLS_KEPT + 5; n += 1) {
      runner.draft.set({ procedure: `p${n % 3}`, args: String(n), kwargs: '' });
      await runner.callDraft();
    }
    const log = runner.calls.value;
    assert.equal(log.length, CALLS_KEPT);
    assert.equal(log[0]?.args, String(CALLS_KEPT + 4));
    assert.deepEqual(proceduresOf(log), ['p0', 'p2', 'p1']);
  });

  it('copies an earlier call into the form', async () => {
    const { runner } = callRunner(async () => result());
    runner.draft.set({ procedure: 'p', args: '[1]', kwargs: 'a=2' });
    await runner.callDraft();
    runner.draft.set({ procedure: '', args: '', kwargs: '' });
    const [call] = runner.calls.value;
    if (call !== undefined) runner.reuse(call);
    assert.deepEqual(runner.draft.value, { procedure: 'p', args: '[1]', kwargs: 'a=2' });
  });
});
