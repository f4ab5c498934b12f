import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const folder = join(resolve(dirname(fileURLToPath(import.meta.url)), '../../..'), 'dist', 'page');
const MAX_SIZE = 150_000;

const read = (name: string) => readFileSync(join(folder, name));

describe('built console', () => {
  it('consists of the page, its script, style sheet and icon, the licences, and the WAMP client', () => {
    assert.deepEqual(readdirSync(folder).sort(), [
      'console.css',
      'console.js',
      'favicon.svg',
      'index.html',
      'licenses.txt',
      'wampway.js',
    ]);
  });

  it(`is smaller than ${MAX_SIZE} bytes if compressed`, () => {
    const sizes = readdirSync(folder).map(name => gzipSync(read(name)).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total > 10_000 && total < MAX_SIZE, `${total} bytes`);
  });

  it('names no other host', () => {
    // The namespaces of SVG and XHTML look like URLs, but the browser does not request them.
    const names = /https?:\/\/(?!www\.w3\.org\/)[a-z0-9.-]+/gi;
    for (const name of ['index.html', 'console.js', 'console.css', 'favicon.svg']) {
      assert.deepEqual(read(name).toString().match(names) ?? [], [], name);
    }
  });

  it('contains no inline script or style, as a strict Content-Security-Policy requires', () => {
    const html = read('index.html').toString();
    for (const script of html.match(/<script\b[^>]*>/g) ?? []) assert.match(script, /\ssrc="/);
    assert.match(html, /<script\b[^>]*><\/script>/);
    assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|javascript:/i);
    assert.doesNotMatch(read('console.js').toString(), /\bnew Function\b|\beval\(/);
  });

  it('requests its script and style by a hash of their contents, so that a browser cannot mix two builds', () => {
    const html = read('index.html').toString();
    for (const name of ['console.js', 'console.css']) assert.match(html, new RegExp(`"${name}\\?[0-9a-f]{12}"`));
  });

  it('contains the licences of the bundled packages', () => {
    const text = read('licenses.txt').toString();
    for (const name of ['preact', 'uplot'])
      assert.match(text, new RegExp(`^${name}\n=+\n\n[\\s\\S]*?Permission is hereby granted`, 'm'));
  });
});
