import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MetaSteps } from '../../../src/meta/runtime/meta-procedure.ts';
import { MetaTurns, TURN_COST } from '../../../src/meta/runtime/meta-turns.ts';
import type { RouterSession } from '../../../src/router/session/session.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A caller is identified by reference only. */
const [attacker, other] = [{}, {}] as unknown as readonly [RouterSession, RouterSession];
const wanted = (): boolean => true;

function fixture() {
  const clock = new FakeClock();
  const turns = new MetaTurns(clock);
  const done: string[] = [];
  let spent = 0;
  /** Work of that many units. */
  function* work(units: number): MetaSteps {
    for (; units > 0; units--) {
      spent++;
      yield 1;
    }
    return 'done';
  }
  const call = (caller: RouterSession, name: string, units: number, isWanted = wanted): void => {
    const outcome = turns.run(caller, () => work(units), isWanted);
    if (outcome instanceof Promise) {
      outcome.then(
        () => done.push(name),
        () => done.push(`${name} failed`),
      );
    } else {
      done.push(name);
    }
  };
  /** Runs one turn of the event loop. Returns the work done within it. */
  const turn = async (): Promise<number> => {
    const before = spent;
    clock.advance(1);
    await new Promise(resolve => setImmediate(resolve));
    return spent - before;
  };
  return { turns, call, turn, done, spent: () => spent };
}

describe('MetaTurns', () => {
  it('answers a short call at once', () => {
    const { turns, done, call } = fixture();
    assert.equal(
      turns.run(other, () => 1, wanted),
      1,
    );
    call(other, 'short', 10);
    assert.deepEqual(done, ['short']);
  });

  it('bounds the steps of a turn, and completes all of them', async () => {
    const { call, turn, done, spent } = fixture();
    for (let i = 0; i < 50; i++) call(attacker, `long ${i}`, 1000);
    assert.ok(spent() <= TURN_COST, `${spent()} steps`);
    for (let count = 0; done.length < 50; count++) {
      assert.ok((await turn()) <= TURN_COST);
      assert.ok(count < 1000);
    }
    assert.equal(spent(), 50_000);
    assert.deepEqual(
      done,
      [...Array(50).keys()].map(i => `long ${i}`),
    );
  });

  it('answers a short call of another caller within a turn, and the calls of one caller in order', async () => {
    const { call, turn, done } = fixture();
    for (let i = 0; i < 50; i++) call(attacker, `long ${i}`, 1000);
    call(attacker, 'behind them', 1);
    call(other, 'short', 1);
    await turn();
    assert.deepEqual(done, ['short']);
  });

  it('bounds the short calls of a turn, too', async () => {
    const { call, turn, done } = fixture();
    for (let i = 0; i < 1000; i++) call(attacker, `${i}`, 0);
    assert.ok(done.length <= TURN_COST);
    const before = done.length;
    await turn();
    assert.ok(done.length > before && done.length <= before + TURN_COST);
  });

  it('does not start a call that is no longer wanted, but completes a started one', async () => {
    const { call, turn, done, spent } = fixture();
    let isThere = true;
    call(attacker, 'begun', 500, () => isThere);
    call(attacker, 'waiting', 500, () => isThere);
    isThere = false;
    while (done.length < 2) await turn();
    assert.deepEqual(done, ['begun', 'waiting failed']);
    assert.equal(spent(), 500);
  });

  it('passes on the error of a call, at once and later', async () => {
    const { turns, call, turn, done } = fixture();
    const fail = (): never => {
      throw new Error('no such session');
    };
    assert.throws(() => turns.run(other, fail, wanted), /no such session/);
    call(other, 'long', 1000);
    const later = turns.run(other, fail, wanted);
    assert.ok(later instanceof Promise);
    const rejected = assert.rejects(later, /no such session/);
    while (done.length < 1) await turn();
    await turn();
    await rejected;
  });
});
