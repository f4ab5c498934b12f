import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { it } from 'node:test';
import { PendingConnections } from '../../../../../bridges/mqtt/broker/connections/pending-connections.ts';

it('closes the oldest open pending connection, not one that is already closing', () => {
  const pending = new PendingConnections();
  // The destroy callback is never called: the stream is destroyed, and emits no "close" yet.
  const closing = new Duplex({ read: () => {}, destroy: () => {} });
  const open = new Duplex({ read: () => {} });
  pending.add('127.0.0.1:1', closing);
  pending.add('127.0.0.1:2', open);
  closing.destroy();
  assert.equal(pending.evictOldest(), true);
  assert.equal(open.destroyed, true);
  assert.equal(pending.evictOldest(), false);
});
