import { describe, it } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { type Command, RouterModel } from './router-model.ts';

// Few clients and URIs, so that the actions of clients affect each other.
const client = fc.nat(3);
const component = fc.constantFrom('a', 'b', 'ab');
const uri = fc.array(component, { minLength: 1, maxLength: 3 }).map(parts => parts.join('.'));
const pattern = fc.oneof(
  uri.map(text => ({ uri: text, match: 'exact' as const })),
  fc.tuple(uri, fc.nat(4)).map(([text, length]) => ({ uri: text.slice(0, length), match: 'prefix' as const })),
  fc
    .array(fc.oneof(component, fc.constant('')), { minLength: 1, maxLength: 3 })
    .map(parts => ({ uri: parts.join('.'), match: 'wildcard' as const })),
);
const pick = fc.nat(20);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('join'), client, cancelable: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('leave', 'drop'), client }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rejoin'), client, cancelable: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc
      .record({ kind: fc.constant('subscribe'), client, pattern, getRetained: fc.boolean() })
      .map(({ pattern: { uri: text, match }, ...rest }) => ({ ...rest, uri: text, match })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ kind: fc.constant('register'), client, pattern })
      .map(({ pattern: { uri: text, match }, ...rest }) => ({ ...rest, uri: text, match })),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('unsubscribe', 'unregister'), client, pick }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('publish'),
      client,
      uri,
      acknowledge: fc.boolean(),
      excludeMe: fc.boolean(),
      eligible: fc.option(fc.array(client, { maxLength: 3 }), { nil: undefined, freq: 2 }),
      retain: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('call'),
      client,
      uri,
      timeout: fc.constantFrom(0, 0, 50, 100),
      progress: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('yield', 'progress', 'error'), client, pick }) },
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

const everybody: readonly Command[] = [0, 1, 2].map(name => ({ kind: 'join', client: name, cancelable: name !== 1 }));

describe('router', () => {
  it('delivers each event and answers each call exactly once, for any actions of its clients', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: 'max' }), commands => {
        const model = new RouterModel();
        for (const next of [...everybody, ...commands]) model.run(next);
        model.finish();
      }),
      { numRuns: 400 },
    );
  });
});
