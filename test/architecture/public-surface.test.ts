import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type PublicSurface, publicSurface } from '../support/public-surface.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/**
 * Users depend on all of this. If a change of it is intended, `npm run surface` records it; the CHANGELOG names it.
 */
describe('the public surface is that of test/fixtures/public-surface.json', () => {
  const recorded = JSON.parse(
    readFileSync(join(root, 'test', 'fixtures', 'public-surface.json'), 'utf8'),
  ) as PublicSurface;
  let current: PublicSurface = {};

  before(async () => {
    // As JSON, because the fixture is.
    current = JSON.parse(JSON.stringify(await publicSurface())) as PublicSurface;
  });

  const parts: Record<string, string> = {
    entryPoints: 'the entry points of the package',
    declarations: 'the exported types of each entry point, with their members',
    values: 'the exported values of each entry point, and the error URIs',
    nodeValues: 'the exported values of wampway/client on Node',
    page: 'the exported values of /wampway.js',
    uris: 'the procedures, topics, errors and reasons in wamp. and wampway.',
    commandLine: 'the commands, arguments and options of the command line',
    configuration: 'the JSON Schema of the configuration, without its descriptions',
  };

  for (const [part, title] of Object.entries(parts)) {
    it(title, () => {
      assert.deepEqual(current[part], recorded[part], 'if the change is intended: npm run surface');
    });
  }

  it('compares every recorded part', () => {
    assert.deepEqual(Object.keys(recorded).sort(), Object.keys(parts).sort());
    assert.deepEqual(Object.keys(current).sort(), Object.keys(parts).sort());
  });
});
