import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it, mock } from 'node:test';
import { withFileLock } from '../../../src/gateway/support/file-lock.ts';
import { Folder } from '../../support/folder.ts';
import { until } from '../../support/until.ts';

/** Work waits while a lock says `content`, and is done once it is gone. */
async function waitsFor(file: string, content: string): Promise<void> {
  writeFileSync(`${file}.lock`, content);
  let done = false;
  const timers = mock.method(globalThis, 'setTimeout');
  const waiting = withFileLock(file, () => {
    done = true;
  });
  // It pauses after each attempt.
  const pauses = (): number => timers.mock.calls.filter(({ arguments: [, delay] }) => Number(delay) >= 20).length;
  await until('three attempts', () => pauses() >= 3);
  timers.mock.restore();
  assert.equal(done, false);
  rmSync(`${file}.lock`);
  await waiting;
  assert.equal(done, true);
}

describe('a file lock', () => {
  it('exists during the work, and is removed afterwards', async () => {
    using folder = new Folder();
    const file = folder.file('who.yaml');
    assert.equal(await withFileLock(file, ({ isHeld }) => isHeld() && existsSync(`${file}.lock`)), true);
    await assert.rejects(
      withFileLock(file, () => {
        throw new Error('the work failed');
      }),
      /the work failed/,
    );
    assert.deepEqual(readdirSync(folder.path), []);
  });

  it('takes over the lock of a dead process', async () => {
    using folder = new Folder();
    const file = folder.file('who.yaml');
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(`${file}.lock`, `${pid}\n`);
    assert.equal(await withFileLock(file, () => 'done'), 'done');
    assert.deepEqual(readdirSync(folder.path), []);
  });

  it('takes over the lock of a dead process whose id another process has (Linux)', async () => {
    using folder = new Folder();
    const file = folder.file('who.yaml');
    for (const pid of [process.pid, process.ppid]) {
      writeFileSync(`${file}.lock`, `${pid} 1\n`);
      assert.equal(await withFileLock(file, () => 'done'), 'done');
    }
    const content = await withFileLock(file, () => readFileSync(`${file}.lock`, 'utf8'));
    await waitsFor(file, content);
  });

  it('waits for a living process', async () => {
    using folder = new Folder();
    await waitsFor(folder.file('who.yaml'), `${process.pid}\n`);
  });

  it('shows its holder that it is lost', async () => {
    using folder = new Folder();
    const file = folder.file('who.yaml');
    const held = await withFileLock(file, ({ isHeld }) => {
      rmSync(`${file}.lock`);
      writeFileSync(`${file}.lock`, 'of another');
      return isHeld();
    });
    assert.equal(held, false);
    assert.deepEqual(readdirSync(folder.path), ['who.yaml.lock']);
  });
});
