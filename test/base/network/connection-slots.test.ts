import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionSlots, type Slot } from '../../../src/base/network/connection-slots.ts';

function setup(limit: number) {
  const slots = new ConnectionSlots(limit);
  const evicted: string[] = [];
  const reserved = new Map<string, Slot>();
  const connect = (name: string, owner?: object): boolean => {
    if (!slots.ensureFree(owner)) return false;
    reserved.set(
      name,
      slots.reserve(() => evicted.push(name), owner),
    );
    return true;
  };
  return { slots, evicted, reserved, connect };
}

describe('connection slots', () => {
  it('evict the connection that has been without a session for longest', () => {
    const { evicted, reserved, connect, slots } = setup(3);
    for (const name of ['a', 'b', 'c']) assert.equal(connect(name), true);
    reserved.get('a')?.setInUse(true);
    assert.deepEqual([connect('d'), connect('e')], [true, true]);
    assert.deepEqual(evicted, ['b', 'c']);
    reserved.get('a')?.setInUse(false);
    assert.deepEqual([connect('f'), connect('g'), connect('h')], [true, true, true]);
    assert.deepEqual(evicted, ['b', 'c', 'd', 'e', 'a']);
    assert.deepEqual([slots.used, slots.evicted], [3, 5]);
  });

  it('refuse a connection if all have a session, until one is released, once', () => {
    const { reserved, connect, slots } = setup(2);
    for (const name of ['a', 'b']) connect(name);
    for (const slot of reserved.values()) slot.setInUse(true);
    assert.equal(connect('c'), false);
    reserved.get('a')?.release();
    reserved.get('a')?.release();
    reserved.get('a')?.setInUse(false);
    assert.equal(slots.used, 1);
    assert.deepEqual([connect('c'), connect('d')], [true, true]);
    assert.equal(slots.used, 2);
  });

  it('evict the newest of an owner that reserves one after the other', () => {
    const { evicted, connect } = setup(3);
    const owner = {};
    for (const name of ['a', 'b', 'c']) connect(name, name === 'c' ? owner : undefined);
    for (let i = 0; i < 5; i++) connect(`own${i}`, owner);
    assert.deepEqual(evicted, ['c', 'own0', 'own1', 'own2', 'own3']);
  });

  it('evict the oldest on request, if one has no session', () => {
    const { evicted, reserved, connect, slots } = setup(3);
    for (const name of ['a', 'b']) connect(name);
    reserved.get('b')?.setInUse(true);
    assert.deepEqual([slots.evictOldest(), slots.evictOldest()], [true, false]);
    assert.deepEqual([evicted, slots.used], [['a'], 1]);
  });
});
