import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Folder } from '../support/folder.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Runs the script on one file, and returns what it prints of each place: the line and the words. */
function placesIn(name: string, text: string): string[] {
  using folder = new Folder();
  writeFileSync(join(folder.path, name), text);
  const { stdout, status } = spawnSync(process.execPath, ['scripts/lint-words.mjs', folder.path], {
    cwd: root,
    encoding: 'utf8',
  });
  const places = [...stdout.matchAll(/^.*?:(\d+): "(.*?)": (.*)$/gm)].map(([, line, words]) => `${line} ${words}`);
  assert.equal(status, places.length > 0 ? 1 : 0);
  return places;
}

describe('scripts/lint-words.mjs', () => {
  it('reports each place in comments, strings and documents, with its line', () => {
    assert.deepEqual(placesIn('a.ts', "// Fine.\nconst text = 'Whoever asks';\n"), ['2 Whoever']);
    assert.deepEqual(placesIn('a.md', 'One.\n\nThe peer is told.\n'), ['3 is told']);
    assert.deepEqual(placesIn('a.yaml', '# What is left out is the default.\nport: 1\n'), ['1 What is left out is']);
  });

  it('finds words that a comment breaks over two lines', () => {
    assert.deepEqual(placesIn('a.ts', '/**\n * The message gives\n * way.\n */\n'), ['2 gives way']);
    assert.deepEqual(placesIn('a.yaml', '# a filter that is\n# none\n'), ['1 is none']);
  });

  it('matches whole words only', () => {
    assert.deepEqual(placesIn('a.ts', '// The nonet is nonexistent; a straggler has goneness. Whomsoever.\n'), []);
    assert.deepEqual(placesIn('a.ts', '// What is the port? It is free. None of them is none of the two.\n'), []);
  });

  it('checks of a test its titles only', () => {
    const text =
      "// nobody\nit('says nobody', () => {});\ndescribe(\n  'whoever',\n  () => {},\n);\ncall('somebody');\n";
    assert.deepEqual(placesIn('a.test.ts', text), ['2 nobody', '4 whoever']);
  });

  it('accepts a marked use, on its line or the line above', () => {
    assert.deepEqual(placesIn('a.ts', "const a = 'nobody'; // lint-words: allow a user name of Unix\n"), []);
    assert.deepEqual(placesIn('a.ts', "// lint-words: allow a user name of Unix\nconst a = 'nobody';\n"), []);
    assert.deepEqual(placesIn('a.md', '<!-- lint-words: allow a quotation -->\nA stranger.\n'), []);
  });

  it('reports a marker without a reason, and a marker that allows nothing', () => {
    assert.deepEqual(placesIn('a.ts', "// lint-words: allow\nconst a = 'nobody';\n"), ['1 lint-words: allow']);
    assert.deepEqual(placesIn('a.ts', '// lint-words: allow a quotation\nconst a = 1;\n'), ['1 lint-words: allow']);
  });
});
