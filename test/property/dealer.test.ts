import { describe, it } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { type DealerCommand, DealerModel } from './dealer-model.ts';

// Few clients and URIs, so that the actions of clients affect each other.
const client = fc.nat(3);
const pick = fc.nat(20);
const uri = fc.constantFrom('a', 'a.b', 'a.b.c', 'b');
const pattern = fc.oneof(
  { weight: 3, arbitrary: uri.map(text => ({ uri: text, match: 'exact' as const })) },
  fc.constantFrom('', 'a', 'a.').map(text => ({ uri: text, match: 'prefix' as const })),
  fc.constantFrom('.', 'a.', 'a..c').map(text => ({ uri: text, match: 'wildcard' as const })),
);

const command: fc.Arbitrary<DealerCommand> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('join'), client, capable: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave'), client }) },
  {
    weight: 6,
    arbitrary: fc
      .record({
        kind: fc.constant('register'),
        client,
        pattern,
        invoke: fc.constantFrom('single', 'first', 'first', 'last', 'roundrobin', 'roundrobin', 'random'),
        concurrency: fc.constantFrom(undefined, 1, 1, 2),
        force: fc.nat(5).map(dice => dice === 0),
      })
      .map(({ pattern: { uri: text, match }, ...rest }) => ({ ...rest, uri: text, match })),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unregister'), client, pick }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('call'),
      client,
      uri,
      timeout: fc.constantFrom(0, 0, 50, 100),
      progress: fc.boolean(),
      inParts: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('part'), client, pick, last: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('yield', 'progress', 'error', 'unavailable', 'unavailable'),
      client,
      pick,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('cancel'),
      client,
      pick,
      mode: fc.constantFrom('skip', 'kill', 'killnowait'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('advance'), client, milliseconds: fc.nat(80) }) },
);

const everybody: readonly DealerCommand[] = [0, 1, 2, 3].map(name => ({
  kind: 'join',
  client: name,
  capable: name !== 1,
}));

describe('dealer', () => {
  it('ends each call exactly once, at an allowed callee, for any actions of callers and callees', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: 'max' }), commands => {
        const model = new DealerModel();
        for (const next of [...everybody, ...commands]) model.run(next);
        model.finish();
      }),
      { numRuns: 500 },
    );
  });
});
