import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const folder = join(resolve(dirname(fileURLToPath(import.meta.url)), '../../..'), 'dist', 'page');
const LARGEST = 150_000;

const read = (name: string) => readFileSync(join(folder, name));

describe('built page', () => {
  it('consists of the page, its script, its style, its mark, the licences, and the client by itself', () => {
    assert.deepEqual(readdirSync(folder).sort(), [
      'console.css',
      'console.js',
      'favicon.svg',
      'index.html',
      'licenses.txt',
      'wampway.js',
    ]);
  });

  it(`is smaller than ${LARGEST} bytes, compressed`, () => {
    const sizes = readdirSync(folder).map(name => gzipSync(read(name)).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total > 10_000 && total < LARGEST, `${total} bytes`);
  });

  it('names no other host', () => {
    // The namespaces of SVG and XHTML are names that look like addresses.
    const names = /https?:\/\/(?!www\.w3\.org\/)[a-z0-9.-]+/gi;
    for (const name of ['index.html', 'console.js', 'console.css', 'favicon.svg']) {
      assert.deepEqual(read(name).toString().match(names) ?? [], [], name);
    }
  });

  it('holds no inline script and no inline style, so that a strict Content-Security-Policy suits it', () => {
    const html = read('index.html').toString();
    for (const script of html.match(/<script\b[^>]*>/g) ?? []) assert.match(script, /\ssrc="/);
    assert.match(html, /<script\b[^>]*><\/script>/);
    assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|javascript:/i);
    assert.doesNotMatch(read('console.js').toString(), /\bnew Function\b|\beval\(/);
  });

  it('asks for its script and style by their contents, so that no browser mixes two builds', () => {
    const html = read('index.html').toString();
    for (const name of ['console.js', 'console.css']) assert.match(html, new RegExp(`"${name}\\?[0-9a-f]{12}"`));
  });

  it('brings the licences of the packages inside it', () => {
    const text = read('licenses.txt').toString();
    for (const name of ['preact', 'uplot'])
      assert.match(text, new RegExp(`^${name}\n=+\n\n[\\s\\S]*?Permission is hereby granted`, 'm'));
  });
});
