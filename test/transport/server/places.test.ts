import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Place, Places } from '../../../src/transport/server/places.ts';

function setup(limit: number) {
  const places = new Places(limit);
  const gone: string[] = [];
  const taken = new Map<string, Place>();
  const come = (name: string, owner?: object): boolean => {
    if (!places.makeRoom(owner)) return false;
    taken.set(
      name,
      places.take(() => gone.push(name), owner),
    );
    return true;
  };
  return { places, gone, taken, come };
}

describe('places', () => {
  it('go to newcomers from those that have been without a session for longest', () => {
    const { gone, taken, come, places } = setup(3);
    for (const name of ['a', 'b', 'c']) assert.equal(come(name), true);
    taken.get('a')?.keep(true);
    assert.deepEqual([come('d'), come('e')], [true, true]);
    assert.deepEqual(gone, ['b', 'c']);
    taken.get('a')?.keep(false);
    assert.deepEqual([come('f'), come('g'), come('h')], [true, true, true]);
    assert.deepEqual(gone, ['b', 'c', 'd', 'e', 'a']);
    assert.deepEqual([places.taken, places.displaced], [3, 5]);
  });

  it('are refused if all have a session, until one is given back, once', () => {
    const { taken, come, places } = setup(2);
    for (const name of ['a', 'b']) come(name);
    for (const place of taken.values()) place.keep(true);
    assert.equal(come('c'), false);
    taken.get('a')?.release();
    taken.get('a')?.release();
    taken.get('a')?.keep(false);
    assert.equal(places.taken, 1);
    assert.deepEqual([come('c'), come('d')], [true, true]);
    assert.equal(places.taken, 2);
  });

  it('of an owner that takes one after the other are its own last', () => {
    const { gone, come } = setup(3);
    const owner = {};
    for (const name of ['a', 'b', 'c']) come(name, name === 'c' ? owner : undefined);
    for (let i = 0; i < 5; i++) come(`own${i}`, owner);
    assert.deepEqual(gone, ['c', 'own0', 'own1', 'own2', 'own3']);
  });
});
