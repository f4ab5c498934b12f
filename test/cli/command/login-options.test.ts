import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CliError } from '../../../src/cli/command/command.ts';
import { credentialsOf, loginOptions } from '../../../src/cli/command/login-options.ts';
import { parseConfig } from '../../../src/gateway/config/load-config.ts';
import { Gateway } from '../../../src/gateway/gateway.ts';
import { CommandRun } from '../command-run.ts';

const KEY = '04c32ac48ec8e5cadfea1f3dd806c302c3c53f6f76718ed658a1d522f4276403';

describe('logging in from the command line', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'wampway-login-'));
    writeFileSync(join(folder, 'secret'), 'geheim\nand more\n');
    writeFileSync(join(folder, 'empty'), '\n');
  });
  after(() => rmSync(folder, { recursive: true }));

  const methods = (options: Record<string, string>, environment: Record<string, string> = {}): string[] =>
    credentialsOf(options, environment).logins.map(({ method }) => method);

  it('reads secrets from files and the environment, with the strongest method first', () => {
    const file = join(folder, 'secret');
    assert.deepEqual(methods({}), []);
    assert.deepEqual(methods({ ticketFile: file }), ['ticket']);
    assert.deepEqual(methods({ passwordFile: file }), ['wamp-scram', 'wampcra']);
    assert.deepEqual(methods({}, { WAMPWAY_KEY: KEY, WAMPWAY_TICKET: 'x' }), ['cryptosign', 'ticket']);
    assert.equal(credentialsOf({}, { WAMPWAY_AUTHID: 'joe' }).authid, 'joe');
    assert.equal(credentialsOf({ authid: 'ann' }, { WAMPWAY_AUTHID: 'joe' }).authid, 'ann');
  });

  it('reports an invalid file without showing the secret', () => {
    assert.throws(() => methods({ ticketFile: join(folder, 'nothing') }), /cannot read a secret from .*nothing/);
    assert.throws(() => methods({ ticketFile: join(folder, 'empty') }), /first line is empty/);
    assert.throws(
      () => methods({}, { WAMPWAY_KEY: 'hunter2' }),
      (error: unknown) => error instanceof CliError && !error.message.includes('hunter2'),
    );
  });

  it('has no option for a secret itself, because other users can read a command line', () => {
    for (const { flags } of loginOptions) assert.match(flags, /<(file|name)>$/);
  });

  it('authenticates a command', async () => {
    const config = {
      realms: [{ name: 'home', anonymous: 'none' }],
      listeners: [{ type: 'rawsocket', port: 0 }],
      principals: [{ authid: 'joe', role: 'user', ticket: 'geheim' }],
    };
    await using gateway = new Gateway(parseConfig(config, []), { bridges: [] });
    await gateway.start();
    const common = ['pub', 'a.b', '1', '--ack', '--url', `tcp://${gateway.listeners[0]?.address}`, '--realm', 'home'];
    const run = new CommandRun(...common, '--authid', 'joe', '--ticket-file', join(folder, 'secret'));
    assert.equal(await run.exitCode, 0, run.stderr);
    const anonymous = new CommandRun(...common);
    assert.equal(await anonymous.exitCode, 2);
    assert.match(anonymous.stderr, /authenticate with --authid/);
  });
});
