import assert from 'node:assert/strict';
import type { Router } from '../../src/router/router.ts';
import type { MatchPolicy } from '../../src/wamp/uri.ts';
import { ListLink } from '../support/list-link.ts';

export interface ModelRegistration {
  readonly id: number;
  readonly uri: string;
  readonly match: MatchPolicy;
  readonly invoke: string;
  readonly concurrency: number;
  readonly callee: ModelCallee;
}

export interface ModelInvocation {
  readonly request: number;
  readonly call: ModelCall;
  readonly registration: ModelRegistration;
  /** The number of received parts. */
  heard: number;
}

export interface ModelCall {
  /** A text that its arguments and answers contain. */
  readonly mark: string;
  readonly uri: string;
  readonly caller: ModelCallee;
  readonly request: number;
  /** The id of the registration that the call goes to. */
  target: number | undefined;
  open: boolean;
  /** Whether the last of the `sent` parts was sent. */
  complete: boolean;
  sent: number;
  killed: boolean;
  /** The current invocation, or undefined while the call waits. */
  at?: ModelInvocation | undefined;
  tried?: Set<ModelRegistration> | undefined;
  /** The error URI, if the call ended with an error. */
  error?: string;
}

const all = {
  progressive_call_invocations: true,
  progressive_call_results: true,
  call_canceling: true,
  call_reroute: true,
  registration_revocation: true,
};

/** A client that calls and is called. If `capable`, it has all advanced features of a callee, otherwise none. */
export class ModelCallee {
  readonly link = new ListLink();
  readonly capable: boolean;
  /** Calls that have not ended, by CALL.Request. */
  readonly calls = new Map<number, ModelCall>();
  /** Unanswered invocations, by INVOCATION.Request. */
  readonly invocations = new Map<number, ModelInvocation>();
  lastInvocation = 0;
  #request = 0;
  #heard: (readonly unknown[])[] = [];

  constructor(router: Router, capable: boolean) {
    this.capable = capable;
    router.attach(this.link);
    this.link.say([1, 'realm1', { roles: { caller: { features: all }, callee: { features: capable ? all : {} } } }]);
    assert.equal(this.drain()[0]?.[0], 2);
  }

  say(type: number, ...rest: unknown[]): number {
    this.#request++;
    this.link.say([type, this.#request, ...rest]);
    return this.#request;
  }

  /** Returns the messages that were received since the last call. */
  drain(): (readonly unknown[])[] {
    this.#hear();
    return this.#heard.splice(0);
  }

  /** Returns the answer to REGISTER or UNREGISTER. Other messages stay in the queue. */
  answer(request: number): readonly unknown[] {
    this.#hear();
    const at = this.#heard.findIndex(
      list => ((list[0] === 65 || list[0] === 67) && list[1] === request) || (list[0] === 8 && list[2] === request),
    );
    const [answer] = this.#heard.splice(at, 1);
    assert.ok(at >= 0 && answer !== undefined, 'no answer');
    return answer;
  }

  /** Handles RESULT, or ERROR of a CALL. It must belong to an open call of this client. */
  hearAnswer(list: readonly unknown[]): void {
    const [type, first, second] = list;
    const call = this.calls.get(Number(type === 50 ? first : second));
    assert.ok(call !== undefined, `an answer to a call that has ended or was never made: ${JSON.stringify(list)}`);
    if (type === 50) assert.deepEqual(list[3], [call.mark], 'the answer to another call');
    else {
      assert.equal(first, 48);
      call.error = String(list[4]);
      if (call.error === 'com.app.error') assert.deepEqual(list[5], [call.mark], 'the error of another call');
    }
    if (type === 50 && typeof second === 'object' && second !== null && 'progress' in second) return;
    call.open = false;
    this.calls.delete(call.request);
  }

  #hear(): void {
    for (const heard of this.link.heard.splice(0)) {
      assert.ok(heard !== 'closed', 'the router closed a link');
      assert.notEqual(heard[0], 3, `the router aborted: ${JSON.stringify(heard)}`);
      this.#heard.push(heard);
    }
  }
}
