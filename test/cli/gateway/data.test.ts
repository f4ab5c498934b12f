import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bridges } from '../../../bridges/index.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { dataCommand } from '../../../src/cli/gateway/data.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { DiskQuota } from '../../../src/store/contract/disk-quota.ts';
import { LevelStore } from '../../../src/store/level-store.ts';
import { Folder } from '../../support/folder.ts';

const fixture = fileURLToPath(new URL('../../../../test/fixtures/store-0.1/store', import.meta.url));

async function wampway(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const stdout = new PassThrough().on('data', data => {
    out += String(data);
  });
  const stderr = new PassThrough().on('data', data => {
    err += String(data);
  });
  const io = { stdout, stderr, stdin: new PassThrough(), signal: new AbortController().signal };
  const commands = [dataCommand(bridges, {}, systemClock)];
  const code = await runProgram({ name: 'wampway', summary: '', version: '0', commands }, args, io);
  return { code, out, err };
}

function open(folder: string): Promise<LevelStore> {
  const quota = new DiskQuota(folder, { maxBytes: 2 ** 40, minFree: 0 }, systemClock);
  return LevelStore.open(folder, { sync: 'always', syncInterval: 1000, room: quota, clock: systemClock });
}

/** Returns names and contents of the files in a folder. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) {
    // The check takes the lock briefly, and LevelDB writes that to its own log.
    if (name === 'LOCK' || name.startsWith('LOG') || !(await stat(join(folder, name))).isFile()) continue;
    found[name] = (await readFile(join(folder, name))).toString('base64');
  }
  return found;
}

describe('wampway data', () => {
  it('finds no damage in a store of version 0.1, and changes nothing', async () => {
    using folder = new Folder();
    const data = folder.file('data');
    await cp(fixture, data, { recursive: true });
    const before = await filesIn(data);
    const { code, out, err } = await wampway('data', 'check', '--data', data);
    assert.deepEqual({ code, err }, { code: 0, err: '' });
    assert.match(out, /^OK {2}.*: \d+ records\n$/);
    assert.deepEqual(await filesIn(data), before);
    assert.ok(!(await readdir(data)).some(name => name.startsWith('check')), 'the copy was removed');
  });

  it('lists each damaged record, including those that only a bridge can detect, and changes nothing', async () => {
    using folder = new Folder();
    const data = folder.file('data');
    const store = await open(data);
    await store.put('mqtt/sgood', Buffer.from('{"subscriptions":[]}'));
    await store.put('mqtt/sbad', Buffer.from('{"subscriptions":'));
    await store.put('mqtt/rtopic', Buffer.of(0, 1));
    await store.put('other/key', Buffer.alloc(3000, 'x'));
    await store[Symbol.asyncDispose]();
    const before = await filesIn(data);
    const { code, out } = await wampway('data', 'check', '--data', data);
    assert.equal(code, 1);
    assert.match(out, /^damaged: mqtt\/rtopic: /m);
    assert.match(out, /^damaged: mqtt\/sbad: /m);
    assert.match(out, /^2 damaged, 4 readable\n$/m);
    const json = await wampway('data', 'check', '--data', data, '--json');
    assert.equal(json.code, 1);
    assert.deepEqual(
      JSON.parse(json.out).damaged.map(({ key }: { key: string }) => key),
      ['mqtt/rtopic', 'mqtt/sbad'],
    );
    assert.deepEqual(await filesIn(data), before);
  });

  it('explains what to do about a store in use, a missing folder, and missing files', async () => {
    using folder = new Folder();
    const data = folder.file('data');
    {
      await using _open = await open(data);
      const { code, err } = await wampway('data', 'check', '--data', data);
      assert.equal(code, 2);
      assert.match(err, /another gateway is using it/);
    }
    await rm(join(data, 'CURRENT'));
    const incomplete = await wampway('data', 'check', '--data', data);
    assert.equal(incomplete.code, 2);
    assert.match(incomplete.err, /no file CURRENT.*wampway data repair/);
    assert.match((await wampway('data', 'check', '--data', folder.file('none'))).err, /the folder does not exist/);
    assert.match((await wampway('data', 'check', '--data', folder.path)).err, /the folder holds no store/);
    assert.match((await wampway('data', 'check')).err, /the data folder is missing/);
    assert.match((await wampway('data', 'what', '--data', data)).err, /expected check or repair, received "what"/);
  });

  it('repair lists a missing table', async () => {
    using folder = new Folder();
    const data = folder.file('data');
    await cp(fixture, data, { recursive: true });
    await rm(join(data, '000005.ldb'));
    const { code, out } = await wampway('data', 'repair', '--data', data);
    assert.equal(code, 0);
    assert.equal(out, `missing: 000005.ldb: the file is missing\nrepaired: ${data}\n`);
  });

  it('repair restores a store without CURRENT', async () => {
    using folder = new Folder();
    const data = folder.file('data');
    await cp(fixture, data, { recursive: true });
    const { out } = await wampway('data', 'check', '--data', data);
    await rm(join(data, 'CURRENT'));
    await rm(join(data, 'MANIFEST-000007'));
    assert.equal((await wampway('data', 'repair', '--data', data)).code, 0);
    const after = await wampway('data', 'check', '--data', data);
    assert.equal(after.code, 0, after.err);
    assert.equal(/: (\d+) records/.exec(after.out)?.[1], /: (\d+) records/.exec(out)?.[1]);
  });
});
