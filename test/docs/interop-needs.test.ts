import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

it('npm run test:interop lists the missing programs, and how to install them', () => {
  const emptyPath = '/nonexistent';
  const { status, stderr } = spawnSync(process.execPath, ['scripts/test.mjs', 'interop', 'no test is called so'], {
    cwd: root,
    env: { PATH: emptyPath, CHROMIUM: `${emptyPath}/chromium`, PYTHON: `${emptyPath}/python3` },
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  for (const program of ['socat', 'chromium', 'mosquitto_pub', 'mosquitto_sub', 'g++', 'micropython', 'python3'])
    assert.match(stderr, new RegExp(`^ {2}\\S*${program.replaceAll('+', '\\+')} \\(.+\\): .+install`, 'm'));
});
