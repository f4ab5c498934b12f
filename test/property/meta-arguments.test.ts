import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { ListLink, testLinkInfo } from '../support/list-link.ts';
import { transcriptRouter } from '../support/transcript-router.ts';

/** Error URIs that any meta procedure may return. */
const answers = [
  ...['invalid_argument', 'invalid_uri', 'not_authorized', 'no_such_session', 'no_such_subscription'],
  ...['no_such_registration', 'no_such_procedure', 'option_disallowed.disclose_me'],
]
  .map(name => `wamp.error.${name}`)
  .concat('wampway.error.limit_exceeded');

/** Values that are nearly valid, and any others. */
const argument = fc.oneof(
  fc.constantFrom<unknown>(
    1,
    2,
    3,
    900,
    'com.app.t',
    'com.app.',
    'wamp.session.on_join',
    'somebody',
    'anonymous',
    null,
  ),
  fc.constantFrom<unknown>({ match: 'prefix' }, { match: 7 }, ['anonymous'], [[]], {}, { place: 'kitchen' }),
  fc.jsonValue({ maxDepth: 2 }),
);
const keyword = fc.constantFrom(
  ...['reason', 'message', 'scope', 'publish_options', 'limit', 'after', 'reverse', 'from_time', 'topic'],
);

async function joined() {
  const { router, startMeta } = transcriptRouter();
  await startMeta();
  const links = [1, 2].map(() => {
    const link = new ListLink(testLinkInfo);
    router.attach(link);
    link.say([1, 'recorded', { roles: { caller: {}, callee: {}, subscriber: {} } }]);
    return link;
  });
  const [asker, other] = links;
  assert.ok(asker && other);
  other.say([32, 1, {}, 'com.app.t']);
  other.say([64, 2, {}, 'com.app.p']);
  asker.say([48, 1, {}, 'wamp.reflection.procedure.list']);
  await turn();
  return { asker, router };
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

describe('meta procedures', () => {
  it('answer any arguments with a result or a known error, and the router continues [advanced/meta_api]', async () => {
    const { asker } = await joined();
    const list = asker.heard.at(-1);
    assert.ok(Array.isArray(list));
    const names: string[] = list[3][0].exact.filter((name: string) => name.startsWith('wamp'));
    assert.ok(names.length > 30);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(argument, { maxLength: 4 }),
        fc.dictionary(keyword, argument, { maxKeys: 3 }),
        async (name, args, kwargs) => {
          const harness = await joined();
          harness.asker.heard.length = 0;
          harness.asker.say([48, 2, {}, name, args, kwargs]);
          await turn();
          const [code, , , , error] = harness.asker.heard.find(message => message[0] === 50 || message[0] === 8) ?? [];
          assert.ok(code === 50 || answers.includes(String(error)), `${name}: ${error}`);
          harness.asker.say([48, 3, {}, 'wamp.session.count']);
          await turn();
          assert.equal(harness.asker.heard.at(-1)?.[0], 50);
        },
      ),
      { numRuns: 500 },
    );
  });
});
