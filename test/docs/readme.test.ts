import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

describe('README', () => {
  const copies = [...readme.matchAll(/<!-- (\S+) -->\n```\w+\n([\s\S]*?)```/g)];

  it('shows each recipe as a copy of a file', () => {
    assert.equal(copies.length, 6);
  });

  for (const [, file = '', text = ''] of copies) {
    it(`shows ${file} as it is`, () => {
      assert.ok(readFileSync(join(root, file), 'utf8').includes(text), `${file} has changed, or the README's copy has`);
    });
  }

  it('links to files that exist', () => {
    for (const [, target = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      assert.ok(existsSync(join(root, target)), `${target} is linked and does not exist`);
    }
  });
});
