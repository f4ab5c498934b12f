import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { mock } from 'node:test';

/**
 * How many connections of this process turn Nagle's algorithm off (TCP_NODELAY) while `work` runs. Without that, an
 * answer waits for the peer's delayed acknowledgement, 40 ms. `connected`: any TCP socket that is connected.
 */
export async function countNoDelay(connected: Socket, work: () => Promise<unknown>): Promise<number> {
  // Servers with the option `noDelay` set it on the handle, not by the method of the socket.
  const { _handle: handle } = connected as Socket & { readonly _handle?: { setNoDelay(on: boolean): void } };
  assert.ok(handle !== undefined);
  const spy = mock.method(Object.getPrototypeOf(handle) as typeof handle, 'setNoDelay');
  try {
    await work();
    return spy.mock.calls.filter(({ arguments: [on] }) => on === true).length;
  } finally {
    spy.mock.restore();
  }
}
