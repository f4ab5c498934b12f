import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import type { CallResult } from '../../../src/client/api/session-api.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { fc } from '../../support/fast-check.ts';
import { ALL_FEATURES, joined, refusal, settle } from '../router-peer.ts';

describe('caller', () => {
  it('settles a call with its result or its error [basic/remote_procedure_call]', async () => {
    const { session, router } = await joined();
    const good = session.call('a.b', { args: [1], kwargs: { x: 2 } });
    const bad = session.call('a.c');
    const [first] = await router.received();
    assert.ok(first?.type === MessageType.Call);
    assert.deepEqual(
      [first.procedure, first.options, first.payload.args, first.payload.kwargs],
      ['a.b', {}, [1], { x: 2 }],
    );
    router.error(MessageType.Call, 2, 'app.error.nope', ['because']);
    router.result(1, [42], { note: true });
    const { args, kwargs, details } = await good;
    assert.deepEqual([args, kwargs, details], [[42], {}, { note: true }]);
    await assert.rejects(bad, { name: 'WampError', uri: 'app.error.nope', args: ['because'] });
  });

  it('passes on progressive results, then the final one [advanced/rpc_progressive_call_results]', async () => {
    const { session, router } = await joined();
    const progress: unknown[] = [];
    const call = session.call('p', {
      onProgress: ({ args }) => {
        progress.push(args[0]);
        if (args[0] === 2) throw new Error('a handler of little worth');
      },
    });
    assert.deepEqual((await router.expect(MessageType.Call)).options, { receive_progress: true });
    for (const step of [1, 2, 3]) router.result(1, [step], { progress: true });
    router.result(1, ['done']);
    assert.deepEqual((await call).args, ['done']);
    assert.deepEqual(progress, [1, 2, 3]);
  });

  it('cancels by signal with the given mode, and drops the late answer [advanced/rpc_call_canceling]', async () => {
    const { session, router } = await joined();
    for (const [mode, expected] of [
      [undefined, 'killnowait'],
      ['kill', 'kill'],
      ['skip', 'skip'],
    ] as const) {
      const stop = new AbortController();
      const call = session.call('p', { signal: stop.signal, ...(mode !== undefined && { cancelMode: mode }) });
      const { request } = await router.expect(MessageType.Call);
      stop.abort();
      await refusal(call, ErrorUri.Canceled);
      const cancel = await router.expect(MessageType.Cancel);
      assert.deepEqual([cancel.request, cancel.options], [request, { mode: expected }]);
      if (mode === 'kill') router.result(request, ['late']);
      else router.error(MessageType.Call, request, ErrorUri.Canceled);
      router.result(request, ['later still'], { progress: true });
      assert.deepEqual(await router.received(), []);
    }
  });

  it('sends no CALL if the signal is already aborted', async () => {
    const { session, router } = await joined();
    await refusal(session.call('p', { signal: AbortSignal.abort() }), ErrorUri.Canceled);
    assert.deepEqual(await router.received(), []);
  });

  it('sends no CANCEL to a router that does not announce the feature', async () => {
    const { session, router } = await joined({}, {});
    const stop = new AbortController();
    const call = session.call('p', { signal: stop.signal });
    await router.received();
    stop.abort();
    await refusal(call, ErrorUri.Canceled);
    assert.deepEqual(await router.received(), []);
  });

  it('enforces the timeout itself, for each progressive result anew [advanced/rpc_call_timeout]', async () => {
    const { session, router, clock } = await joined();
    const call = session.call('p', { timeout: 1000, onProgress: () => {} });
    assert.deepEqual((await router.expect(MessageType.Call)).options, { timeout: 1000, receive_progress: true });
    clock.advance(900);
    router.result(1, [], { progress: true });
    await settle();
    clock.advance(900);
    assert.deepEqual(await router.received(), []);
    clock.advance(100);
    await refusal(call, ErrorUri.Timeout);
    await router.expect(MessageType.Cancel);
    assert.equal(clock.timers, 0);
  });

  it('removes its timer and its listener when a call ends', async () => {
    const { session, router, clock } = await joined();
    const stop = new AbortController();
    const call = session.call('p', { timeout: 1000, signal: stop.signal });
    await router.received();
    router.result(1, []);
    assert.equal(getEventListeners(stop.signal, 'abort').length, 1);
    await call;
    assert.equal(clock.timers, 0);
    assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
    stop.abort();
    assert.deepEqual(await router.received(), []);
  });

  it('settles each call exactly once, for every order of result, error, abort, timeout and loss', async () => {
    const event = fc.constantFrom('result', 'progress', 'error', 'abort', 'timeout', 'loss', 'leave');
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 6 }), fc.boolean(), async (events, apart) => {
        const { session, router, clock } = await joined({}, ALL_FEATURES);
        const stop = new AbortController();
        const settled: string[] = [];
        session
          .call('p', { signal: stop.signal, timeout: 50, onProgress: () => {} })
          .then((result: CallResult) => settled.push(`result ${result.args[0]}`))
          .catch((error: unknown) => settled.push(error instanceof WampError ? error.uri : 'not a WampError'));
        for (const what of events) {
          if (what === 'result') router.result(1, ['r']);
          if (what === 'progress') router.result(1, ['p'], { progress: true });
          if (what === 'error') router.error(MessageType.Call, 1, 'app.e');
          if (what === 'abort') stop.abort();
          if (what === 'timeout') clock.advance(50);
          if (what === 'loss') router.far.close('lost');
          if (what === 'leave') void session.leave();
          if (apart) await settle();
        }
        await settle();
        const final = events.some(what => what !== 'progress');
        assert.equal(settled.length, final ? 1 : 0, `${events.join(' ')}: ${settled.join(', ')}`);
        assert.notEqual(settled[0], 'not a WampError');
        if (!apart) return;
        const first = events.find(what => what !== 'progress');
        const expected: Record<string, string> = {
          result: 'result r',
          error: 'app.e',
          abort: ErrorUri.Canceled,
          timeout: ErrorUri.Timeout,
          loss: ErrorUri.NetworkFailure,
          leave: ErrorUri.NetworkFailure,
        };
        assert.equal(settled[0], first === undefined ? undefined : expected[first]);
      }),
      { numRuns: 200 },
    );
  });
});
