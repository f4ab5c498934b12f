import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MetaTopic } from '../../src/meta/events/meta-uris.ts';
import { ListLink, testLinkInfo } from '../support/list-link.ts';
import { transcriptRouter } from '../support/transcript-router.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const text = readFileSync(join(root, 'docs/meta-api.md'), 'utf8');

/** Returns the rows of the table in a section: the quoted names of the first cell, and the second cell. */
function rows(heading: string): [names: string[], second: string][] {
  const [, section = ''] = new RegExp(`## ${heading}\\n([\\s\\S]*?)(\\n## |$)`).exec(text) ?? [];
  return [...section.matchAll(/^\| (`[^|]+) \| ([^|]+) \|/gm)].map(([, first = '', second = '']) => [
    [...first.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    second.trim(),
  ]);
}

/** Returns a function that calls a procedure as a session of a role of the transcripts' router. */
async function fixture(): Promise<(role: string, procedure: string, args: unknown[]) => Promise<readonly unknown[]>> {
  const { router, startMeta } = transcriptRouter();
  await startMeta();
  return async (authrole, procedure, args) => {
    const link = new ListLink({ ...testLinkInfo });
    router.attach(link);
    link.say([1, 'realm1', { authrole, roles: { caller: {}, subscriber: {} } }]);
    link.say([48, 1, {}, procedure, args]);
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve));
    const answer = link.heard.at(-1);
    link.lose();
    return Array.isArray(answer) ? answer : assert.fail('no answer');
  };
}

describe('docs/meta-api.md', () => {
  const procedures = rows('Procedures').map(([[name = ''], who]) => [name, who] as const);

  it('lists every procedure, and no other', async () => {
    const ask = await fixture();
    const [, , , [lists]] = (await ask('admin', 'wamp.reflection.procedure.list', [])) as [
      0,
      0,
      0,
      [{ exact: string[] }],
    ];
    assert.deepEqual(procedures.map(([name]) => name).sort(), [...lists.exact].sort());
  });

  it('says which roles may call each procedure', async () => {
    const ask = await fixture();
    for (const [name, who] of procedures) {
      const refused: string[] = [];
      for (const role of ['guest', 'watcher', 'admin']) {
        // No procedure takes arguments of these types, so an allowed caller receives another error.
        const answer = await ask(role, name, [{}, {}, 7]);
        if (answer[4] === 'wamp.error.not_authorized') refused.push(role);
      }
      const expected = { all: [], read: ['guest'], control: ['guest', 'watcher'] }[who];
      assert.deepEqual(refused, expected, name);
    }
  });

  it('lists every topic, and no other', () => {
    assert.deepEqual(
      rows('Topics').map(([[name]]) => name),
      Object.values(MetaTopic),
    );
  });

  it('names every field of wampway.session.get', async () => {
    const ask = await fixture();
    const [, , , [details]] = (await ask('admin', 'wampway.session.get', [1])) as [0, 0, 0, [object]];
    const named = rows('What wampway.session.get shows').flatMap(([names]) => names);
    const withCounters = [...Object.keys(details), 'dropped', 'slowed', 'limits', 'received', 'sent', 'rates'];
    assert.deepEqual(named.sort(), [...new Set(withCounters)].sort());
  });
});
