import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Access } from '../../src/gateway/access/access.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { knownOptions } from '../../src/router/requests/strict-rules.ts';
import { MessageType, messageName } from '../../src/wamp/messages/message-type.ts';
import { ListLink, testLinkInfo } from '../support/list-link.ts';
import { transcriptRouter } from '../support/transcript-router.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const text = readFileSync(join(root, 'docs/strictness.md'), 'utf8');

/** Returns the cells of the table rows after `mark`, without the table heads. */
function rowsAfter(mark: string): string[][] {
  return text
    .split(mark)
    .slice(1)
    .flatMap(part => {
      const [, table = ''] = /\n((?:\|.*\n)+)/.exec(part) ?? [];
      return table.trim().split('\n').slice(2);
    })
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    );
}

/** The authentication of a gateway that has a realm and no principals. */
const access = new Access(parseConfig({ realms: [{ name: 'realm1' }] }, []), systemClock, silentLogger, () => {});

/** Returns the texts between backquotes. */
function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map(([, inner = '']) => inner);
}

/**
 * Returns the answer to the last of `messages`, in the words of the document. The session joins first, unless they
 * contain HELLO.
 */
async function answer(messages: readonly string[], strict: boolean): Promise<string> {
  const { router, startMeta } = transcriptRouter(access);
  await startMeta();
  const link = new ListLink({ ...testLinkInfo, strict });
  router.attach(link);
  const [type] = JSON.parse(messages[0] ?? '');
  if (type !== MessageType.Hello) {
    link.say([1, 'realm1', { roles: { publisher: {}, subscriber: {}, caller: {}, callee: {} } }]);
  }
  for (const message of messages) {
    link.heard.length = 0;
    link.say(JSON.parse(message));
    await new Promise(resolve => setImmediate(resolve));
  }
  const [first, ...more] = link.heard;
  if (first === undefined) return '–';
  assert.ok(Array.isArray(first));
  const [code, ...rest] = first;
  if (code === MessageType.Abort) {
    assert.deepEqual([rest[1], more], ['wamp.error.protocol_violation', ['closed']]);
    return 'ABORT';
  }
  return code === MessageType.Error ? `\`${rest[3]}\`` : messageName(code);
}

describe('docs/strictness.md', () => {
  const played = rowsAfter('<!-- played -->');

  it('contains rows that these tests run', () => assert.ok(played.length > 30));

  for (const [what = '', messages = '', lenient, strict] of played) {
    it(`describes the answers to ${what}`, async () => {
      assert.deepEqual(
        [await answer(quoted(messages), false), await answer(quoted(messages), true)],
        [lenient, strict],
      );
    });
  }

  it('lists the same options of strict as the code', () => {
    const documented = rowsAfter('## Options whose type strict checks').flatMap(([message = '', options = '', kind]) =>
      quoted(options).map(option => `${message} ${option}: ${kind}`),
    );
    const coded = Object.entries(knownOptions).flatMap(([type, options]) =>
      Object.entries(options).map(([option, { name }]) => `${messageName(Number(type))} ${option}: ${name}`),
    );
    assert.deepEqual(documented.sort(), coded.sort());
  });
});
