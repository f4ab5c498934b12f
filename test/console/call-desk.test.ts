import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallDesk } from '../../console/model/call-desk.ts';
import { CALLS_KEPT, proceduresOf } from '../../console/model/call-log.ts';
import type { CallOptions, CallResult } from '../../src/client/api/session-api.ts';
import { jsonItems } from '../../src/codec/json/json-items.ts';
import { ErrorUri, WampError } from '../../src/wamp/errors.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { asUri } from '../../src/wamp/uri.ts';

type Answer = (procedure: string, options: CallOptions) => Promise<CallResult>;

const result = (...args: unknown[]): CallResult => ({ args, kwargs: {}, details: {}, payload: Payload.of(args) });

function desk(answer: Answer) {
  let time = 1000;
  const made = new CallDesk({
    session: { call: (procedure, options = {}) => answer(procedure, options) },
    now: () => time,
  });
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { desk: made, pass };
}

describe('call desk', () => {
  it('calls what stands in the form and keeps the result', async () => {
    const asked: unknown[] = [];
    const { desk: calls, pass } = desk(async (procedure, { payload }) => {
      asked.push(procedure, payload?.args, payload?.kwargs);
      pass(25);
      return result(42);
    });
    calls.draft.set({ procedure: ' com.add ', args: '[1, 2]', kwargs: 'x=3' });
    await calls.callDraft();
    assert.deepEqual(asked, ['com.add', [1, 2], { x: 3 }]);
    const [call] = calls.calls.value;
    assert.equal(call?.procedure, 'com.add');
    assert.deepEqual(call?.outcome, { kind: 'result', values: { args: [42], kwargs: {} }, took: 25 });
  });

  it('sends numbers with every digit, floats as floats', async () => {
    const sent: string[] = [];
    const { desk: calls } = desk(async (_, { payload = Payload.empty }) => {
      sent.push(new TextDecoder().decode(payload.itemsIn(jsonItems)));
      return result();
    });
    for (const [args, kwargs] of [
      ['9007199254740993', ''],
      ['[1724442618569203714, [21.0, 21], -0, 1e400]', 'id=18446744073709551616\nt=1.0'],
      ['', '{"deep":{"id":-9007199254740993}}'],
    ] as const) {
      calls.draft.set({ procedure: 'p', args, kwargs });
      await calls.callDraft();
    }
    assert.deepEqual(sent, [
      '[9007199254740993]',
      '[1724442618569203714, [21.0, 21], -0, 1e400],{"id":18446744073709551616,"t":1.0}',
      '[],{"deep":{"id":-9007199254740993}}',
    ]);
  });

  it('keeps an error with its URI, arguments and keyword arguments', async () => {
    const { desk: calls } = desk(() => Promise.reject(new WampError(asUri('com.error'), ['no'], { code: 7 })));
    calls.draft.set({ procedure: 'p', args: '', kwargs: '' });
    await calls.callDraft();
    const outcome = calls.calls.value[0]?.outcome;
    assert.deepEqual(outcome, {
      kind: 'error',
      uri: 'com.error',
      values: { args: ['no'], kwargs: { code: 7 } },
      took: 0,
    });
  });

  it('keeps what was no answer of the protocol readable too', async () => {
    const { desk: calls } = desk(() => Promise.reject(new TypeError('cannot encode')));
    calls.draft.set({ procedure: 'p', args: '', kwargs: '' });
    await calls.callDraft();
    const outcome = calls.calls.value[0]?.outcome;
    assert.deepEqual(outcome, {
      kind: 'error',
      uri: 'not sent',
      values: { args: ['cannot encode'], kwargs: {} },
      took: 0,
    });
  });

  it('cancels a running call', async () => {
    const { desk: calls } = desk(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new WampError(ErrorUri.Canceled)));
        }),
    );
    calls.draft.set({ procedure: 'p', args: '', kwargs: '' });
    const done = calls.callDraft();
    const [call] = calls.calls.value;
    assert.equal(call?.outcome.kind, 'running');
    calls.cancel(call?.id ?? 0);
    await done;
    assert.equal(calls.calls.value[0]?.outcome.kind, 'canceled');
  });

  it('calls nothing while the form has a mistake', async () => {
    const { desk: calls } = desk(() => assert.fail('called'));
    for (const draft of [
      { procedure: '', args: '', kwargs: '' },
      { procedure: 'p', args: '[1', kwargs: '' },
      { procedure: 'p', args: '', kwargs: '{' },
    ]) {
      calls.draft.set(draft);
      await calls.callDraft();
    }
    assert.deepEqual(calls.calls.value, []);
  });

  it('remembers the latest calls, newest first, and offers each procedure once', async () => {
    const { desk: calls } = desk(async () => result());
    for (let n = 0; n < CALLS_KEPT + 5; n += 1) {
      calls.draft.set({ procedure: `p${n % 3}`, args: String(n), kwargs: '' });
      await calls.callDraft();
    }
    const log = calls.calls.value;
    assert.equal(log.length, CALLS_KEPT);
    assert.equal(log[0]?.args, String(CALLS_KEPT + 4));
    assert.deepEqual(proceduresOf(log), ['p0', 'p2', 'p1']);
  });

  it('puts a former call back into the form', async () => {
    const { desk: calls } = desk(async () => result());
    calls.draft.set({ procedure: 'p', args: '[1]', kwargs: 'a=2' });
    await calls.callDraft();
    calls.draft.set({ procedure: '', args: '', kwargs: '' });
    const [call] = calls.calls.value;
    if (call !== undefined) calls.reuse(call);
    assert.deepEqual(calls.draft.value, { procedure: 'p', args: '[1]', kwargs: 'a=2' });
  });
});
