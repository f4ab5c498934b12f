import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

describe('README', () => {
  const copies = [...readme.matchAll(/<!-- (\S+) -->\n```\w+\n([\s\S]*?)```/g)];

  it('contains six recipes, each copied from a file', () => {
    assert.equal(copies.length, 6);
  });

  for (const [, file = '', text = ''] of copies) {
    it(`contains an exact copy of ${file}`, () => {
      assert.ok(readFileSync(join(root, file), 'utf8').includes(text), `${file} and its copy in README.md differ`);
    });
  }

  it('links to files that exist', () => {
    for (const [, target = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      assert.ok(existsSync(join(root, target)), `${target} is linked and does not exist`);
    }
  });
});
