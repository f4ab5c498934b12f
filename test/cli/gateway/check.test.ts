import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { bridges } from '../../../bridges/index.ts';
import type { CliOptions } from '../../../src/cli/command/command.ts';
import { checkCommand } from '../../../src/cli/gateway/check.ts';

const folder = mkdtempSync(join(tmpdir(), 'wampway-check-'));
after(() => rmSync(folder, { recursive: true }));

async function check(yaml: string | undefined, options: CliOptions = {}, environment: Record<string, string> = {}) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const io = { stdout, stderr, stdin: new PassThrough(), signal: new AbortController().signal };
  const file = join(folder, 'gateway.yaml');
  if (yaml !== undefined) writeFileSync(file, yaml);
  const given = yaml === undefined ? options : { config: file, ...options };
  const exitCode = await checkCommand(bridges, environment).run([], given, io);
  stdout.end();
  stderr.end();
  return { exitCode, out: await text(stdout), err: (await text(stderr)).replaceAll(folder, '') };
}

describe('wampway check', () => {
  it('prints OK and a summary', async () => {
    const { exitCode, out, err } = await check('bridges: { mqtt: {} }\ndemo: true\n');
    assert.deepEqual([exitCode, err], [0, '']);
    assert.match(
      out,
      /^OK .*realms realm1; listeners web 127\.0\.0\.1:8080, rawsocket 127\.0\.0\.1:8081; bridges mqtt; demo on\n$/,
    );
  });

  it('checks the built-in configuration if no file is named', async () => {
    assert.match((await check(undefined)).out, /^OK {2}built-in default: .*bridges mqtt, cbor-tcp, serial; demo on/);
  });

  it('reads the file that WAMPWAY_CONFIG names if the option is missing', async () => {
    const { out } = await check(undefined, {}, { WAMPWAY_CONFIG: join(folder, 'gateway.yaml') });
    assert.match(out, /gateway\.yaml/);
    assert.match((await check('', {}, { WAMPWAY_CONFIG: '/nowhere' })).out, /^OK/);
  });

  it('lists every error, and ends with exit code 2', async () => {
    const { exitCode, out, err } = await check('demo: maybe\nbridges: { mqtt: { prot: 1 } }\n');
    assert.deepEqual([exitCode, out], [2, '']);
    assert.match(
      err,
      /gateway\.yaml:1:7 {2}error {2}demo: [\s\S]*gateway\.yaml:2:20 {2}error {2}bridges\.mqtt\.prot: unknown key\. Did you mean "port"/,
    );
    assert.match(err, /2 errors in .*gateway\.yaml\n$/);
  });

  it('prints the same as JSON', async () => {
    const right = await check('demo: true\n', { json: true });
    const { source, ...rest } = JSON.parse(right.out);
    assert.match(source, /gateway\.yaml$/);
    assert.deepEqual(rest, {
      ok: true,
      realms: ['realm1'],
      listeners: ['web 127.0.0.1:8080', 'rawsocket 127.0.0.1:8081'],
      bridges: [],
      demo: true,
      problems: [],
      warnings: [],
    });
    const wrong = await check('demo: maybe\n', { json: true });
    assert.deepEqual([wrong.exitCode, wrong.err], [2, '']);
    const [problem, ...more] = JSON.parse(wrong.out).problems;
    assert.deepEqual(more, []);
    assert.deepEqual([problem.path, problem.span], ['demo', { line: 1, column: 7, length: 5 }]);
  });

  it('shows no secret of an invalid principal', async () => {
    for (const entry of [
      '{ authid: a, role: b, ticket: hunter2, tikcet: hunter2 }',
      '{ authid: a, role: [], ticket: hunter2 }',
      '{ authid: a, role: b, ticket: [hunter2] }',
      '{ authid: a, role: b, wampcra: { secret: hunter2, slat: x } }',
      '{ authid: a, role: b, wampcra: hunter2 }',
      '{ authid: a, role: b, scram: { pwd: hunter2 } }',
      '{ authid: a, role: b, ticket: { is: hunter2 } }',
      '{ authid: a, role: b, scram: { password: hunter2, kdf: hunter } }',
      '{ authid: a, role: b, scram: { salt: AAAAAAAAAAA=, storedKey: hunter2, serverKey: hunter2 } }',
    ]) {
      for (const json of [true, false]) {
        const { out, err, exitCode } = await check(`principals:\n  - ${entry}\n`, { json });
        assert.equal(exitCode, 2, entry);
        assert.doesNotMatch(out + err, /hunter2/, entry);
      }
    }
  });

  it('shows no secret of a bridge', async () => {
    const { out, err } = await check('bridges: { mqtt: { password: hunter2 } }\n', { json: true });
    assert.doesNotMatch(out + err, /hunter2/);
  });
});
