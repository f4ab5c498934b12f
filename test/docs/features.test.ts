import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { challengeMethods } from '../../src/auth/methods/credential.ts';
import { codecs } from '../../src/codec/codecs.ts';
import { unannouncedFeatures } from '../../src/wamp/features.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

describe('the tables of features', () => {
  it('in README.md and docs/features.md match the output of features.ts', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/features.mjs'), '--check'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  });

  it('list every serializer and every authentication method', () => {
    const there = [...codecs.map(({ name }) => name), ...challengeMethods];
    for (const name of there) assert.ok(name in unannouncedFeatures, `${name} is not in features.ts`);
  });
});
