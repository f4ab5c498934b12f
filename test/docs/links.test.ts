import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const documents = ['.', 'docs', 'docs/decisions'].flatMap(folder =>
  readdirSync(join(root, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => join(folder, name)),
);

/** The text of a document without its code blocks. */
function proseOf(document: string): string {
  return readFileSync(join(root, document), 'utf8').replaceAll(/```[\s\S]*?```/g, '');
}

/** The anchors of a document, as a Markdown renderer derives them from its headings. */
function anchorsOf(document: string): string[] {
  return [...proseOf(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the documents', () => {
  for (const document of documents) {
    it(`${document} links to files and headings that exist`, () => {
      for (const [, link = ''] of proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(link)) continue;
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? document : normalize(join(dirname(document), path));
        assert.ok(existsSync(join(root, target)), `${link} does not exist`);
        if (anchor !== undefined) assert.ok(anchorsOf(target).includes(anchor), `${link} is not a heading`);
      }
    });
  }

  it('name files and folders of the code that exist', () => {
    const missing = documents
      .filter(document => document !== 'CHANGELOG.md')
      .flatMap(document =>
        [...proseOf(document).matchAll(/`((?:src|bridges|test|bench|scripts|console)\/[\w./-]+)`/g)]
          .map(([, path = '']) => path)
          .filter(path => path !== 'bridges/NAME' && !existsSync(join(root, path)))
          .map(path => `${document}: ${path}`),
      );
    assert.deepEqual(missing, []);
  });

  it('number the decisions without a gap, and list each in the index', () => {
    const files = documents
      .filter(document => /decisions[\\/]\d{4}-/.test(document))
      .map(document => document.split(/[\\/]/).at(-1) ?? '')
      .sort();
    assert.deepEqual(
      files.map(file => Number(file.slice(0, 4))),
      files.map((_, index) => index + 1),
    );
    const index = proseOf('docs/decisions/README.md');
    for (const file of files) assert.ok(index.includes(`(${file})`), `${file} is not in the index`);
  });
});
