import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { dial } from '../../src/transport/dial.ts';
import { Folder } from '../support/folder.ts';
import { RouterServer } from '../support/router-server.ts';
import { ShellRun, wampwayMain } from '../support/shell-run.ts';
import { until } from '../support/until.ts';

/** A reader that starts late. The program must buffer the output that does not fit into the pipe. */
const SLEEPER = '(sleep 1; wc -c)';
const MEGABYTES_30 = 30_000_000;

describe('the output of a command', { timeout: 120_000 }, () => {
  let server: RouterServer;
  let session: ClientSession;
  const folder = new Folder();
  before(async () => {
    server = await RouterServer.start({ limits: { maxMessageSize: 2 ** 26 } });
    const link = await dial(server.url, { codec: codecNamed('cbor'), maxMessageSize: 2 ** 26 });
    session = await ClientSession.join(link, { realm: 'realm1' });
    await session.register('big', ({ args }) => 'x'.repeat(Number(args[0])));
  });
  after(async () => {
    await session.leave();
    await server.stop();
    folder[Symbol.dispose]();
  });

  const call = (size: number, more = ''): string => `$WAMPWAY call big ${size} --serializer cbor --url $ROUTER ${more}`;

  for (const size of [300_000, MEGABYTES_30]) {
    it(`is complete for a late reader with ${size} bytes`, async () => {
      for (const more of ['', '--json']) {
        const run = new ShellRun(`${call(size, more)} | ${SLEEPER}`, server.url);
        assert.equal(await run.exit(), 0, run.stderr);
        const around = more === '' ? '\n'.length : '{"args":[""],"kwargs":{}}\n'.length;
        assert.equal(run.stdout.trim(), String(size + around), more);
      }
    });
  }

  it('is complete on a socket with a late reader, and in a file', async () => {
    const file = folder.file('out');
    const run = new ShellRun(`${call(3_000_000)} > ${file}; wc -c < ${file}`, server.url);
    await run.exit();
    assert.equal(run.stdout.trim(), '3000001');
    // The standard streams of a child of Node are sockets.
    const child = spawn(process.execPath, [wampwayMain, 'call', 'big', '3000000', '--url', server.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise(resolve => setTimeout(resolve, 1500));
    let length = 0;
    child.stdout.on('data', (data: Buffer) => {
      length += data.length;
    });
    await once(child, 'close');
    assert.equal(length, 3_000_001);
    assert.equal(child.exitCode, 0);
  });

  it('of sub and register is complete for a late reader if they end by their count or a signal', async () => {
    const sub = new ShellRun(`$WAMPWAY sub t --count 60 --url $ROUTER | ${SLEEPER}`, server.url);
    await until('it has subscribed', () => sub.stderr.includes('subscribed'), 20);
    for (let i = 0; i < 60; i++) await session.publish('t', { args: ['x'.repeat(500_000)], acknowledge: true });
    await sub.exit();
    assert.equal(sub.stdout.trim(), String(60 * ('00:00:00.000 t  [""]\n'.length + 500_000)), sub.stderr);

    const register = new ShellRun(
      `$WAMPWAY register p --value 1 --url $ROUTER | (sleep 1; head -c 600000 | wc -c)`,
      server.url,
    );
    await until('it has registered', () => register.stderr.includes('registered'), 20);
    for (let i = 0; i < 2; i++) await session.call('p', { args: ['x'.repeat(300_000)] });
    // It notices the closed pipe when it prints the next call.
    await until('it has left', async () => {
      await session.call('p').catch(() => {});
      return register.child.exitCode !== null;
    });
    assert.equal(register.stdout.trim(), '600000');
  });

  it('of commands without a connection is complete on stdout and stderr', async () => {
    const principals = folder.file('principals.yaml');
    const rows = Array.from(
      { length: 3000 },
      (_, i) => `  - { authid: device-${i}, role: device, ticket: long-secret-${i} }`,
    );
    await writeFile(principals, `principals:\n${rows.join('\n')}\n`, { mode: 0o600 });
    const wrong = folder.file('wrong.yaml');
    await writeFile(wrong, `version: 1\nrealms:\n${'  - { name: realm1, nothing: 1 }\n'.repeat(400)}`);
    const payload = 'x'.repeat(100_000);
    const commands: [command: string, least: number][] = [
      [`$WAMPWAY user ls -f ${principals}`, 3000 * 20],
      [`$WAMPWAY user ls --json -f ${principals}`, 3000 * 40],
      [`$WAMPWAY check --json -c ${wrong}`, 80_000],
      [`$WAMPWAY check -c ${wrong} 2>&1`, 50_000],
      [`$WAMPWAY map test a/b "$PAYLOAD"`, 200_000],
      [`$WAMPWAY --help`, 1000],
      [`$WAMPWAY call --help`, 1000],
    ];
    for (const [command, least] of commands) {
      const atOnce = new ShellRun(`{ ${command}; } > ${folder.file('all')}; wc -c < ${folder.file('all')}`, '', {
        PAYLOAD: payload,
      });
      const late = new ShellRun(`{ ${command}; } | ${SLEEPER}`, '', { PAYLOAD: payload });
      await Promise.all([atOnce.exit(), late.exit()]);
      assert.equal(late.stdout.trim(), atOnce.stdout.trim(), command);
      assert.ok(Number(late.stdout) >= least, `${command}: ${late.stdout}`);
    }
  });

  it('ends the command with its own exit code if the reader closes it', async () => {
    for (const command of [call(MEGABYTES_30), '$WAMPWAY sub t --url $ROUTER', '$WAMPWAY --help']) {
      const run = new ShellRun(`{ ${command}; echo "code $?" >&2; } | head -c 1`, server.url);
      if (command.includes('sub')) {
        await until('it has subscribed', () => run.stderr.includes('subscribed'), 20);
        await session.publish('t', { args: [1] });
        const more = setInterval(() => void session.publish('t', { args: ['more'] }), 20);
        await run.exit();
        clearInterval(more);
      } else await run.exit();
      assert.match(run.stderr, /^(subscribed [^\n]*\n)?code 0\n$/, command);
    }
  });

  it('that cannot be written causes exit code 1 and one line with the reason', async () => {
    const run = new ShellRun(`${call(10)} > /dev/full; echo "code $?"`, server.url);
    await run.exit();
    assert.equal(run.stdout, 'code 1\n');
    assert.match(run.stderr, /^wampway: cannot write the output: [^\n]*no space[^\n]*\n$/);
  });

  it('that is truncated by a full disk causes exit code 1', async () => {
    mkdirSync(folder.file('disk'));
    const command = `mount -t tmpfs -o size=1m tmpfs ${folder.file('disk')}; ${call(3_000_000)} > ${folder.file('disk/out')}; echo "code $?"`;
    const run = new ShellRun(`unshare -rm sh -c '${command}'`, server.url);
    await run.exit();
    assert.equal(run.stdout, 'code 1\n');
    assert.match(run.stderr, /^wampway: cannot write the output: [^\n]*no space[^\n]*\n$/);
  });

  it('continues if only the reader of stderr has closed it', async () => {
    const child = spawn(process.execPath, [wampwayMain, 'sub', 't', '--count', '1', '--url', server.url]);
    let out = '';
    child.stdout.on('data', data => {
      out += String(data);
    });
    child.stderr.destroy();
    await until('it has subscribed', () => server.router.sessionCount === 2, 20);
    await until('it has ended', async () => {
      await session.publish('t', { args: [1] });
      return child.exitCode !== null;
    });
    assert.equal(child.exitCode, 0);
    assert.match(out, / t {2}\[1\]\n$/);
  });
});
