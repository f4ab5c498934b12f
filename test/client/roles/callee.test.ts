import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Invocation, InvocationHandler, RegisterOptions } from '../../../src/client/api/session-api.ts';
import { result } from '../../../src/client/roles/result.ts';
import type { SessionOptions } from '../../../src/client/session/client-session.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { joined, refusal, settle } from '../router-peer.ts';

/** A session that has registered one handler under registration 5. */
async function registered(
  handler: InvocationHandler,
  options: Partial<SessionOptions> = {},
  register: RegisterOptions = {},
) {
  const all = await joined(options);
  const registering = all.session.register('p', handler, register);
  const message = await all.router.expect(MessageType.Register);
  all.router.registered(1, 5);
  return { ...all, register: message, registration: await registering };
}

describe('callee', () => {
  it('registers with the given options', async () => {
    const { register } = await registered(() => {}, {}, { match: 'wildcard', invoke: 'roundrobin', options: { x: 1 } });
    assert.deepEqual(register.options, { x: 1, match: 'wildcard', invoke: 'roundrobin' });
    assert.deepEqual((await registered(() => {})).register.options, {});
  });

  it('answers an INVOCATION that arrives directly after REGISTERED', async () => {
    const { session, router } = await joined();
    session.register('p', () => 'early').catch(assert.fail);
    await router.received();
    router.registered(1, 5);
    router.invoke(1, 5);
    assert.deepEqual((await router.expect(MessageType.Yield)).payload.args, ['early']);
  });

  it('sends the returned value of a handler as the result', async () => {
    const payload = Payload.of(['as it is']);
    const cases: [unknown, readonly unknown[], object][] = [
      [undefined, [], {}],
      [null, [null], {}],
      [[1, 2], [[1, 2]], {}],
      [{ args: [1], kwargs: {} }, [{ args: [1], kwargs: {} }], {}],
      [result({ args: [1, 2], kwargs: { a: 3 } }), [1, 2], { a: 3 }],
      [result({ payload }), ['as it is'], {}],
      [Promise.resolve('later'), ['later'], {}],
    ];
    for (const [returned, args, kwargs] of cases) {
      const { router } = await registered(() => returned);
      router.invoke(1, 5);
      const yielded = await router.expect(MessageType.Yield);
      assert.deepEqual([yielded.request, yielded.payload.args, yielded.payload.kwargs], [1, args, kwargs]);
    }
  });

  it('sends a WampError to the caller unchanged, and hides any other error', async () => {
    const known = new WampError(asUri('app.error.full'), ['tank full'], { level: 9 });
    for (const handler of [
      () => {
        throw known;
      },
      () => Promise.reject(known),
    ]) {
      const { router } = await registered(handler);
      router.invoke(1, 5);
      const error = await router.expect(MessageType.Error);
      assert.deepEqual(
        [error.requestType, error.request, error.error, error.payload.args, error.payload.kwargs],
        [MessageType.Invocation, 1, 'app.error.full', ['tank full'], { level: 9 }],
      );
    }
    const { router } = await registered(() => {
      throw new Error('password is hunter2');
    });
    router.invoke(1, 5);
    const error = await router.expect(MessageType.Error);
    assert.deepEqual([error.error, error.payload.args], [ErrorUri.RuntimeError, ['the procedure failed']]);
  });

  it('gives a handler the procedure, the arguments and the details', async () => {
    const seen: Invocation[] = [];
    const { router } = await registered(invocation => {
      seen.push(invocation);
    });
    router.invoke(1, 5, [1, 2]);
    router.invoke(2, 5, [], { procedure: 'p.q', caller: 9 });
    await settle();
    assert.deepEqual([seen[0]?.procedure, seen[0]?.args, seen[0]?.kwargs], ['p', [1, 2], {}]);
    assert.deepEqual([seen[1]?.procedure, seen[1]?.details['caller']], ['p.q', 9]);
  });

  it('sends progress only if the caller asked for it, and none after the result [advanced/rpc_progressive_call_results]', async () => {
    const seen: Invocation[] = [];
    const { router } = await registered(invocation => {
      seen.push(invocation);
      invocation.progress({ args: ['half'] });
      return 'all';
    });
    router.invoke(1, 5);
    await router.expect(MessageType.Yield);
    router.invoke(2, 5, [], { receive_progress: true });
    const [first, second] = await router.received();
    assert.ok(first?.type === MessageType.Yield && second?.type === MessageType.Yield);
    assert.deepEqual([first.options, first.payload.args], [{ progress: true }, ['half']]);
    assert.deepEqual([second.options, second.payload.args], [{}, ['all']]);
    for (const invocation of seen) invocation.progress({ args: ['late'] });
    assert.deepEqual(await router.received(), []);
  });

  it('aborts the handler on INTERRUPT, and reports its failure as the cancellation [advanced/rpc_call_canceling]', async () => {
    const handler = ({ signal }: Invocation) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
    const { router } = await registered(handler);
    router.invoke(1, 5);
    router.interrupt(1, 'kill');
    assert.equal((await router.expect(MessageType.Error)).error, ErrorUri.Canceled);
    router.invoke(2, 5);
    router.interrupt(2, 'killnowait');
    assert.deepEqual(await router.received(), []);
    router.interrupt(3);
    assert.deepEqual(await router.received(), []);
  });

  it('lets a handler answer after an INTERRUPT of mode kill', async () => {
    const finish: ((value: string) => void)[] = [];
    const signals: AbortSignal[] = [];
    const { router } = await registered(({ signal }) => {
      signals.push(signal);
      return new Promise(resolve => finish.push(resolve));
    });
    router.invoke(1, 5);
    await settle();
    router.interrupt(1, 'kill');
    await settle();
    assert.equal(signals[0]?.aborted, true);
    finish[0]?.('done all the same');
    assert.deepEqual((await router.expect(MessageType.Yield)).payload.args, ['done all the same']);
  });

  it('enforces a timeout that the dealer forwards [advanced/rpc_call_timeout]', async () => {
    const signals: AbortSignal[] = [];
    const { router, clock } = await registered(({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    router.invoke(1, 5, [], { timeout: 200 });
    await settle();
    clock.advance(200);
    assert.equal((await router.expect(MessageType.Error)).error, ErrorUri.Timeout);
    assert.equal(signals[0]?.aborted, true);
    const quick = await registered(() => 'in time');
    quick.router.invoke(1, 5, [], { timeout: 200 });
    await quick.router.expect(MessageType.Yield);
    assert.equal(quick.clock.timers, 0);
  });

  it('refuses calls beyond its limit of running handlers, also if callers cancel', async () => {
    const finish: (() => void)[] = [];
    const { router } = await registered(() => new Promise<void>(resolve => finish.push(resolve)), {
      maxInvocations: 2,
    });
    router.invoke(1, 5);
    router.invoke(2, 5);
    router.interrupt(1, 'killnowait');
    router.invoke(3, 5);
    assert.equal((await router.expect(MessageType.Error)).error, ErrorUri.Unavailable);
    finish[0]?.();
    await settle();
    router.invoke(4, 5);
    await settle();
    finish[1]?.();
    finish[2]?.();
    assert.deepEqual(
      (await router.received()).map(message => message.type === MessageType.Yield && message.request),
      [2, 4],
    );
  });

  it('aborts its handlers and discards their answers when the session ends', async () => {
    const signals: AbortSignal[] = [];
    let finish = (): void => {};
    const { router, session } = await registered(({ signal }) => {
      signals.push(signal);
      return new Promise<void>(resolve => {
        finish = resolve;
      });
    });
    router.invoke(1, 5);
    await settle();
    void session.leave();
    assert.equal(signals[0]?.aborted, true);
    finish();
    await router.expect(MessageType.Goodbye);
  });

  it('answers calls until UNREGISTERED and refuses later ones', async () => {
    const { router, registration } = await registered(() => 'still here');
    const ending = Promise.all([registration.unregister(), registration.unregister()]);
    const { request, registration: id } = await router.expect(MessageType.Unregister);
    assert.equal(id, 5);
    router.invoke(1, 5);
    await router.expect(MessageType.Yield);
    router.unregistered(request);
    await ending;
    router.invoke(2, 5);
    assert.equal((await router.expect(MessageType.Error)).error, ErrorUri.NoSuchRegistration);
  });

  it('rejects a refused registration', async () => {
    const { session, router } = await joined();
    const registering = session.register('p', () => {});
    await router.received();
    router.error(MessageType.Register, 1, ErrorUri.ProcedureAlreadyExists);
    await refusal(registering, ErrorUri.ProcedureAlreadyExists);
  });

  it('removes a registration that the router revokes [advanced/rpc_registration_revocation]', async () => {
    const { router, registration } = await registered(() => 'x');
    router.unregistered(0, { registration: 5, reason: 'moved' });
    await settle();
    await registration.unregister();
    assert.deepEqual(await router.received(), []);
  });

  it('treats a second INVOCATION with the same id as a protocol violation', async () => {
    const { router } = await registered(() => new Promise(() => {}));
    router.invoke(1, 5);
    router.invoke(1, 5);
    assert.equal((await router.expect(MessageType.Abort)).reason, ErrorUri.ProtocolViolation);
  });
});
