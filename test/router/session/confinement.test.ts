import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { confinementFor } from '../../../src/router/session/confinement.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { ListLink, testLinkInfo } from '../../support/list-link.ts';
import { type TranscriptRouter, transcriptRouter } from '../../support/transcript-router.ts';

const everything = { publisher: {}, subscriber: {}, caller: {}, callee: {} };

/** A session with the given confinement, on a router whose authorizer allows almost everything. */
function joined(
  { router }: TranscriptRouter,
  authid: string,
  confinedTo?: string,
): { readonly link: ListLink; readonly id: number } {
  const link = new ListLink(confinedTo === undefined ? testLinkInfo : { ...testLinkInfo, confinedTo });
  router.attach(link);
  link.say([1, 'realm1', { roles: everything, authid }]);
  const [type, id] = link.heard.shift() ?? [];
  assert.deepEqual([type, typeof id], [2, 'number'], `${authid} got no WELCOME`);
  return { link, id: Number(id) };
}

async function answers(link: ListLink, ...messages: readonly (readonly unknown[])[]): Promise<unknown[]> {
  for (const message of messages) link.say(message);
  await new Promise(resolve => setImmediate(resolve));
  return link.heard.splice(0);
}

/** The URI and the text of an ERROR. */
function refusal(answer: unknown): readonly unknown[] {
  assert.ok(Array.isArray(answer) && answer[0] === 8, JSON.stringify(answer));
  return [answer[4], answer[5]?.[0]];
}

const OUTSIDE = ['dev.victim.x', 'dev.p1', 'dev.p10.x', 'dev', 'wamp.session.on_join', 'wampway.x', 'mqtt.x', 'x'];

describe('confinement of a session', () => {
  it('accepts an authid that is one component of a URI, and no other', () => {
    assert.equal(confinementFor('dev.{authid}.', 'p1'), 'dev.p1.');
    assert.equal(confinementFor('dev.p1.', 'any.thing'), 'dev.p1.');
    assert.equal(confinementFor('dev.{authid}.', '$&'), 'dev.$&.');
    for (const authid of ['', 'a.b', 'a b', '#', 'a\n'])
      assert.equal(confinementFor('dev.{authid}.', authid), undefined);
    for (const prefix of ['', 'dev', 'dev.{authid}', 'a b.', '..'])
      assert.equal(confinementFor(prefix, 'p1'), undefined);
  });

  it('refuses PUBLISH and REGISTER outside of its prefix with a text that names the prefix, and counts them', async () => {
    const harness = transcriptRouter();
    const { link, id } = joined(harness, 'p1', 'dev.p1.');
    const watcher = joined(harness, 'watcher');
    await answers(watcher.link, [32, 1, { match: 'prefix' }, '']);
    let refused = 0;
    for (const topic of OUTSIDE) {
      for (const options of [{ acknowledge: true }, { acknowledge: true, retain: true, _retain_clear: true }]) {
        const [answer] = await answers(link, [16, ++refused, options, topic]);
        assert.deepEqual(refusal(answer), [
          'wamp.error.not_authorized',
          `not allowed to publish ${topic}: this session may publish and register only under dev.p1.`,
        ]);
      }
      assert.deepEqual(await answers(link, [16, ++refused, {}, topic, [1]]), [], 'unacknowledged, not answered');
      for (const match of ['exact', 'prefix', 'wildcard']) {
        const [answer] = await answers(link, [64, ++refused, { match }, topic]);
        assert.match(String(refusal(answer)), /^wamp\.error\.not_authorized,.* only under dev\.p1\.$/);
      }
    }
    const session = harness.router.realm('realm1')?.session(asId(id));
    assert.deepEqual([session?.refused, harness.router.realm('realm1')?.refused], [refused, refused]);
    assert.deepEqual(watcher.link.heard, []);
    // Patterns that match URIs outside of the prefix too.
    for (const [pattern, match] of [
      ['', 'prefix'],
      ['dev.p1', 'prefix'],
      ['dev..x', 'wildcard'],
      ['.p1.x', 'wildcard'],
      ['..', 'wildcard'],
    ]) {
      const [answer] = await answers(link, [64, 100, { match }, pattern]);
      assert.equal(refusal(answer)[0], 'wamp.error.not_authorized', `${match} ${pattern}`);
    }
  });

  it('allows PUBLISH and REGISTER inside of its prefix, and SUBSCRIBE and CALL anywhere', async () => {
    const harness = transcriptRouter();
    const { link } = joined(harness, 'p1', 'dev.{authid}.');
    const types = (await answers(
      link,
      [16, 1, { acknowledge: true, retain: true }, 'dev.p1.x', [1]],
      [64, 2, {}, 'dev.p1.set'],
      [64, 3, { match: 'prefix' }, 'dev.p1.'],
      [64, 4, { match: 'wildcard' }, 'dev.p1..reset'],
      [32, 5, { match: 'prefix' }, ''],
      [48, 6, {}, 'dev.victim.set'],
    )) as unknown[][];
    assert.deepEqual(
      types.map(([type]) => type),
      [17, 65, 65, 65, 33, 8],
    );
    assert.equal(types[5]?.[4], 'wamp.error.no_such_procedure');
  });

  it('applies to testaments, which are refused when they are added', async () => {
    const harness = transcriptRouter();
    await harness.startMeta();
    const { link } = joined(harness, 'evil', 'dev.{authid}.');
    const watcher = joined(harness, 'watcher');
    await answers(watcher.link, [32, 1, { match: 'prefix' }, 'dev.']);
    for (const scope of ['detached', 'destroyed']) {
      const call = [48, 1, {}, 'wamp.session.add_testament', ['dev.victim.temperature', [999], {}], { scope }];
      const [answer] = await answers(link, call);
      assert.match(String(refusal(answer)), /^wamp\.error\.not_authorized,.*dev\.evil\./);
    }
    const own = [48, 1, {}, 'wamp.session.add_testament', ['dev.evil.last', [7], {}]];
    assert.equal((await answers(link, own)).length, 1);
    link.lose();
    await new Promise(resolve => setImmediate(resolve));
    const topics = watcher.link.heard.flatMap(event => (event[0] === 36 ? [Object(event[3]).topic] : []));
    assert.deepEqual(topics, ['dev.evil.last']);
  });

  it('is set by the first session of a link: another authid needs another connection', async () => {
    const harness = transcriptRouter();
    const { link } = joined(harness, 'p1', 'dev.{authid}.');
    const goodbye = [6, {}, 'wamp.close.close_realm'];
    const hello = (authid: string) => [1, 'realm1', { roles: everything, authid }];
    assert.equal(((await answers(link, goodbye, hello('p1'))) as unknown[][])[1]?.[0], 2);
    const [, abort] = (await answers(link, goodbye, hello('p2'))) as unknown[][];
    assert.deepEqual([abort?.[0], abort?.[2]], [3, 'wamp.error.protocol_violation']);
  });

  it('refuses an authid that is not a URI component', async () => {
    const { router } = transcriptRouter();
    for (const authid of ['a.b', '', 'a b', '#']) {
      const link = new ListLink({ ...testLinkInfo, confinedTo: 'dev.{authid}.' });
      router.attach(link);
      const [abort] = (await answers(link, [1, 'realm1', { roles: everything, authid }])) as unknown[][];
      assert.deepEqual([abort?.[0], abort?.[2]], [3, 'wamp.error.invalid_argument'], JSON.stringify(authid));
    }
  });
});
