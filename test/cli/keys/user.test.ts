import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { checkCommand } from '../../../src/cli/gateway/check.ts';
import { keyCommand } from '../../../src/cli/keys/key.ts';
import { userCommand } from '../../../src/cli/keys/user.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { ClientSession, type SessionOptions } from '../../../src/client/session/client-session.ts';
import { codecNamed } from '../../../src/codec/codecs.ts';
import { loadConfig } from '../../../src/gateway/config/load-config.ts';
import { Gateway } from '../../../src/gateway/gateway.ts';
import { scramLogin, signLogin, ticketLogin } from '../../../src/public/client.ts';
import { dial } from '../../../src/transport/dial.ts';
import { Folder } from '../../support/folder.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { until } from '../../support/until.ts';

async function wampway(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const stdout = new PassThrough().on('data', data => {
    out += String(data);
  });
  const stderr = new PassThrough().on('data', data => {
    err += String(data);
  });
  const commands = [userCommand([], {}), keyCommand, checkCommand([], {})];
  const io = { stdout, stderr, stdin: new PassThrough(), signal: new AbortController().signal };
  const code = await runProgram({ name: 'wampway', summary: '', version: '0', commands }, args, io);
  return { code, out, err };
}

const CONFIG = `
realms: [{ name: home, anonymous: none }]
listeners: [{ type: rawsocket, port: 0 }]
principals: who.yaml
`;

function site(): Folder & { readonly config: string; readonly principals: string } {
  const folder = new Folder();
  writeFileSync(folder.file('gateway.yaml'), CONFIG);
  return Object.assign(folder, { config: folder.file('gateway.yaml'), principals: folder.file('who.yaml') });
}

async function joined(gateway: Gateway, options: Partial<SessionOptions>): Promise<ClientSession> {
  const link = await dial(`tcp://${gateway.listeners[0]?.address}`, { codec: codecNamed('json') });
  return ClientSession.join(link, { realm: 'home', ...options });
}

describe('wampway user', () => {
  it('adds principals to a file that only its owner can read, and stores no usable secret', async () => {
    using folder = site();
    writeFileSync(folder.file('secret'), 'hunter2\n');
    writeFileSync(folder.principals, '# mine\nprincipals: []\n', { mode: 0o600 });
    const { config, principals } = folder;
    const made = await wampway('user', 'add', 'pump', '-c', config, '--role', 'device', '--realm', 'home');
    const password = /^password: (\S{20,})$/m.exec(made.out)?.[1] ?? assert.fail(made.out + made.err);
    const given = await wampway(
      'user',
      'add',
      'joe',
      '-c',
      config,
      '--role',
      'admin',
      '--password-file',
      folder.file('secret'),
    );
    assert.equal(given.out, '');
    const content = readFileSync(principals, 'utf8');
    assert.equal(statSync(principals).mode & 0o777, 0o600);
    assert.match(content, /^# mine\n/);
    assert.doesNotMatch(content, /hunter2/);
    assert.equal(content.includes(password), false);
    const { out } = await wampway('user', 'ls', '-c', config);
    assert.equal(out, 'pump  device  home  ticket, wamp-scram\njoe   admin  every realm  ticket, wamp-scram\n');
    const checked = await wampway('check', '-c', config);
    assert.equal(checked.code, 0, checked.err);
    assert.doesNotMatch(checked.out, /scrypt|storedKey/);
  });

  it('reports invalid usage and files', async () => {
    using folder = site();
    const file = ['-f', folder.principals];
    const failing = async (text: RegExp, ...args: string[]): Promise<void> => {
      const { code, err } = await wampway('user', ...args, ...file);
      assert.equal(code, 2);
      assert.match(err, text);
    };
    await failing(/the role is missing: use --role/, 'add', 'joe');
    await failing(/expected add, passwd, ls or rm, received "frob"/, 'frob');
    await failing(/contains no such principal/, 'rm', 'joe');
    await failing(/the name of the principal is missing/, 'add');
    await failing(/there is no such file.*\n?.*wampway user add/, 'ls');
    await wampway('user', 'add', 'joe', '--role', 'x', ...file);
    await failing(/already contains a principal of this name/, 'add', 'joe', '--role', 'x');
    chmodSync(folder.principals, 0o640);
    await failing(/mode 0640.*secrets[\s\S]*chmod 600/, 'ls');
  });

  it('rejects values that the gateway could not read', async () => {
    using folder = site();
    const file = ['-f', folder.principals];
    await wampway('user', 'add', 'joe', '--role', 'x', ...file);
    const before = readFileSync(folder.principals, 'utf8');
    for (const [mistake, ...args] of [
      [/authid: must be text without control characters/, 'add', 'pump\x1b[31m', '--role', 'x'],
      [/cryptosign\[0\]: must be an Ed25519 public key/, 'add', 'pump', '--role', 'x', '--key', 'abc'],
      [/cryptosign\[0\]: must be an Ed25519 public key/, 'passwd', 'joe', '--key', 'abc'],
    ] as const) {
      const { code, out, err } = await wampway('user', ...args, ...file);
      assert.deepEqual([code, out], [2, ''], 'no password is printed for a rejected change');
      assert.match(err, mistake);
      assert.equal(readFileSync(folder.principals, 'utf8'), before);
    }
    assert.equal((await wampway('user', 'ls', ...file)).code, 0);
  });

  it('creates keys that authenticate', async () => {
    using folder = site();
    const { config } = folder;
    const { out } = await wampway('key', 'new', folder.file('pump.key'));
    const key = /^public key: ([0-9a-f]{64})$/m.exec(out)?.[1] ?? assert.fail(out);
    assert.equal(statSync(folder.file('pump.key')).mode & 0o777, 0o600);
    const again = await wampway('key', 'new', folder.file('pump.key'));
    assert.deepEqual([again.code, /the file already exists/.test(again.err)], [2, true]);
    await wampway('user', 'add', 'pump', '-c', config, '--role', 'device', '--key', key);
    await using gateway = new Gateway(loadConfig({ file: config, environment: {}, bridges: [] }), { bridges: [] });
    await gateway.start();
    const session = await joined(gateway, {
      logins: [signLogin(readFileSync(folder.file('pump.key'), 'utf8').trim())],
    });
    assert.equal(session.welcome['authid'], 'pump');
    await session.leave();
  });

  it('changes the principals of a running gateway, and ends the sessions of a removed one', async () => {
    using folder = site();
    const { config, principals } = folder;
    writeFileSync(folder.file('one'), 'first\n');
    writeFileSync(folder.file('two'), 'second\n');
    const user = (...args: string[]): Promise<unknown> => wampway('user', ...args, '-c', config);
    await user('add', 'joe', '--role', 'admin', '--password-file', folder.file('one'));
    const log = new RecordingLogger();
    await using gateway = new Gateway(loadConfig({ file: config, environment: {}, bridges: [] }), { bridges: [], log });
    await gateway.start();
    const admits = async (options: Partial<SessionOptions>): Promise<ClientSession | undefined> =>
      joined(gateway, options).catch(() => undefined);
    const first = await admits({ authid: 'joe', logins: [scramLogin('first')] });
    assert.notEqual(first, undefined);

    const read = (): number => log.lines.filter(({ text }) => text === 'principals reloaded').length;
    await user('passwd', 'joe', '--password-file', folder.file('two'));
    await until('the file to be read again', () => read() === 1);
    assert.equal(await admits({ authid: 'joe', logins: [ticketLogin('first')] }), undefined);
    const second = await admits({ authid: 'joe', logins: [ticketLogin('second')] });
    assert.notEqual(second, undefined);

    const good = readFileSync(principals, 'utf8');
    writeFileSync(principals, 'principals: [{ authid: joe }]');
    await until('the error is logged', () => log.lines.some(({ level }) => level === 'error'));
    const logged = log.lines.find(({ level }) => level === 'error');
    assert.match(String(logged?.fields['problems']), /who\.yaml:1:14 {2}error {2}principals\[0\]\.role: is missing/);
    await (await admits({ authid: 'joe', logins: [ticketLogin('second')] }))?.leave();

    writeFileSync(principals, good);
    await until('the file to be read again', () => read() === 2);
    await user('rm', 'joe');
    assert.match((await second?.closed) ?? '', /killed|removed/);
    assert.match((await first?.closed) ?? '', /killed|removed/);
    assert.equal(await admits({ authid: 'joe', logins: [ticketLogin('second')] }), undefined);
    assert.doesNotMatch(JSON.stringify(log.lines), /second|scrypt/);
  });
});
