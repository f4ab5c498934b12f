import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { FileWatch } from '../../../src/gateway/support/file-watch.ts';
import { until } from '../../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'wampway-watch-'));
after(() => rmSync(folder, { recursive: true }));

describe('FileWatch', () => {
  it('detects every change after its construction: written, replaced, removed, created again', async () => {
    const file = join(folder, 'watched');
    writeFileSync(file, 'a');
    const watch = new FileWatch(file);
    // Between reading the file and looking for the first time.
    writeFileSync(file, 'b');
    let changes = 0;
    watch.start(() => changes++);
    await until('the first change', () => changes === 1);
    writeFileSync(`${file}.new`, 'b');
    renameSync(`${file}.new`, file);
    await until('a file in its place', () => changes === 2);
    rmSync(file);
    await until('it is gone', () => changes === 3);
    writeFileSync(file, 'c');
    await until('it is back', () => changes === 4);
    watch.stop();
    // Another watch, which looks as often, sees two changes one after the other: meanwhile the first would have looked.
    const other = new FileWatch(file);
    let seen = 0;
    other.start(() => seen++);
    for (const [round, text] of ['dd', 'eee'].entries()) {
      writeFileSync(file, text);
      await until('the other watch sees the change', () => seen === round + 1);
    }
    other.stop();
    assert.equal(changes, 4);
  });
});
