import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { principalsIn } from '../../src/gateway/principals/principals-document.ts';
import { Folder } from '../support/folder.ts';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const run = promisify(execFile);

describe('wampway user in several processes', () => {
  it('loses no change of twelve simultaneous processes', async () => {
    using folder = new Folder();
    const file = folder.file('who.yaml');
    writeFileSync(file, '# mine\nprincipals: []\n', { mode: 0o600 });
    const names = Array.from({ length: 12 }, (_, index) => `device${index}`);
    const key = '5f'.repeat(32);
    const add = (name: string) =>
      run(process.execPath, [MAIN, 'user', 'add', name, '--role', 'device', '--key', key, '-f', file]);
    const ended = await Promise.all(names.map(add));
    for (const { stderr } of ended) assert.match(stderr, /written/);
    assert.deepEqual(
      principalsIn(file, {})
        .map(({ authid }) => authid)
        .sort(),
      [...names].sort(),
    );
    const changed = names.map((name, index) => {
      if (index % 2 === 0) return run(process.execPath, [MAIN, 'user', 'rm', name, '-f', file]);
      return run(process.execPath, [MAIN, 'user', 'passwd', name, '--key', 'a0'.repeat(32), '-f', file]);
    });
    await Promise.all(changed);
    assert.deepEqual(
      principalsIn(file, {}).map(({ cryptosign }) => cryptosign),
      Array.from({ length: 6 }, () => ['a0'.repeat(32)]),
    );
  });
});
