import type { Receiver } from '../../src/router/broker/events/audience.ts';
import type { Dict } from '../../src/wamp/dict.ts';
import { asId } from '../../src/wamp/ids.ts';
import { fc } from './fast-check.ts';

// A few receivers, and lists that split them in every way.

const authids = ['ann', 'bob', 'eve'];
const authroles = ['staff', 'guest'];

function receiver(id: number, authid: string, authrole: string): Receiver {
  return { id: asId(id), principal: { authid, authrole, authmethod: 'test', authprovider: 'test' } };
}

/** Each authid with each role, in a session of its own. */
export const receivers: readonly Receiver[] = authids.flatMap((authid, i) =>
  authroles.map((authrole, j) => receiver(1 + i * authroles.length + j, authid, authrole)),
);

const listOf = <T>(...items: readonly T[]): fc.Arbitrary<readonly T[]> => fc.subarray([...items]);

const lists: Readonly<Record<string, fc.Arbitrary<readonly unknown[]>>> = {
  eligible: listOf(1, 2, 3, 4, 5, 6),
  eligible_authid: listOf(...authids),
  eligible_authrole: listOf(...authroles),
  exclude: listOf(1, 2, 3, 4, 5, 6),
  exclude_authid: listOf(...authids),
  exclude_authrole: listOf(...authroles),
};

/** PUBLISH.Options with few of the six lists, so that some audiences are parts of others. */
export const audienceOptions: fc.Arbitrary<Dict> = fc
  .subarray(Object.keys(lists), { minLength: 1, maxLength: 2 })
  .chain(names => fc.record(Object.fromEntries(names.map(name => [name, lists[name] ?? fc.constant([])]))));
