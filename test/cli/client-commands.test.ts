import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { dial } from '../../src/transport/dial.ts';
import { WampError } from '../../src/wamp/errors.ts';
import { asUri } from '../../src/wamp/uri.ts';
import { freePorts } from '../support/free-ports.ts';
import { RouterServer } from '../support/router-server.ts';
import { testCertificate, testKey } from '../support/tls-fixture.ts';
import { until } from '../support/until.ts';
import { CommandRun, run } from './command-run.ts';

describe('client commands', () => {
  let server: RouterServer;
  let session: ClientSession;
  let folder: string;
  let url: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wampway-cli-'));
    server = await RouterServer.start({ unixPath: join(folder, 'wamp.sock') });
    url = server.url;
    session = await ClientSession.join(await dial(url, { codec: codecNamed('cbor') }), { realm: 'realm1' });
  });
  after(async () => {
    await session.leave();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('pub and sub: deliver typed values over every transport and serializer', async () => {
    const urls = [url, `tcp://127.0.0.1:${server.port}`, `unix://${join(folder, 'wamp.sock')}`];
    for (const address of urls) {
      for (const serializer of ['json', 'msgpack', 'cbor']) {
        const peer = ['--url', address, '--serializer', serializer];
        const sub = await new CommandRun('sub', 'a.b', '--count', '1', '--json', ...peer).ready();
        const pub = await run('pub', 'a.b', '1.5', 'text', '{"x":[true]}', '--kwarg', 'k=v', '--kwarg', 'n=2', ...peer);
        assert.deepEqual(pub, { code: 0, stdout: '', stderr: '' });
        assert.equal(await sub.exitCode, 0);
        await until('the line', () => sub.lines.length === 1);
        const { time, topic, publication, args, kwargs } = JSON.parse(sub.lines[0] ?? '');
        assert.deepEqual(
          { topic, args, kwargs },
          { topic: 'a.b', args: [1.5, 'text', { x: [true] }], kwargs: { k: 'v', n: 2 } },
        );
        assert.equal(typeof publication, 'number');
        assert.ok(Date.parse(time) > 0);
      }
    }
    await until('all have left', () => server.router.sessionCount === 1);
  });

  it('sub: prints one line per event of a pattern, and leaves the session when stopped', async () => {
    const sub = await new CommandRun('sub', 'a.', '--match', 'prefix', '--url', url).ready();
    assert.match(sub.stderr, /^subscribed to a\. on realm1 at ws:\/\/127\.0\.0\.1:\d+\/ws; Ctrl-C ends it\n$/);
    await session.publish('a.one', { args: [1, 'x'], kwargs: { k: null } });
    await session.publish('a.two', { args: [new Uint8Array([1, 2]), 2n ** 60n, '\u001b[2J\u009b2J\n'] });
    await session.publish('other', { args: ['not this'] });
    await session.publish('a.three', {});
    await until('the lines', () => sub.lines.length === 3);
    const time = String.raw`^\d\d:\d\d:\d\d\.\d{3} `;
    assert.match(sub.lines[0] ?? '', new RegExp(`${time}a\\.one  \\[1,"x"\\] \\{"k":null\\}$`));
    assert.match(sub.lines[1] ?? '', /a\.two {2}\["\\u0000AQI=",1152921504606846976,"\\u001b\[2J\\u009b2J\\n"\]$/);
    assert.match(sub.lines[2] ?? '', /a\.three {2}\[\]$/);
    assert.equal(await sub.stop(), 0);
    await until('it has left', () => server.router.sessionCount === 1);
  });

  it('pub: publishes with acknowledgement, several times, and reports a rejection', async () => {
    const seen: unknown[] = [];
    const subscription = await session.subscribe('tick', ({ args }) => seen.push(args[0]));
    const many = await run('pub', 'tick', '-5', '--count', '3', '--interval', '1', '--ack', '--url', url);
    assert.equal(many.code, 0);
    assert.match(many.stdout, /^(tick: publication \d+\n){3}$/);
    assert.deepEqual(seen, [-5, -5, -5]);
    const json = await run('pub', 'tick', '--ack', '--json', '--url', url);
    assert.deepEqual(Object.keys(JSON.parse(json.stdout)), ['topic', 'publication']);
    const refused = await run('pub', 'not a topic', '--ack', '--url', url);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^wampway: wamp\.error\.invalid_uri.*\n$/);
    const endless = new CommandRun('pub', 'tick', '--count', '1000000', '--interval', '100000', '--url', url);
    await until('the first', () => seen.length === 5);
    assert.equal(await endless.stop(), 0);
    await subscription.unsubscribe();
  });

  it('call: prints the result, or an error in one line', async () => {
    const made = await Promise.all([
      session.register('app.add', ({ args: [a, b] }) => Number(a) + Number(b)),
      session.register('app.text', () => 'two\nlines \u001b[31m'),
      session.register('app.void', () => undefined),
      session.register('app.named', ({ kwargs }) => kwargs),
      session.register('app.steps', invocation => {
        invocation.progress({ args: [1] });
        return 2;
      }),
      session.register('app.fail', () => {
        throw new WampError(asUri('app.error.full'), ['the tank\nis full\u001b[2J'], { level: 9 });
      }),
      session.register('app.odd', () => {
        throw new WampError(asUri('app.error.odd'), [{ a: 1 }]);
      }),
      session.register('app.never', () => new Promise(() => {})),
    ]);
    const call = (...args: string[]) => run('call', ...args, '--url', url);
    assert.deepEqual(await call('app.add', '2', '3'), { code: 0, stdout: '5\n', stderr: '' });
    assert.equal((await call('app.text')).stdout, 'two\nlines \\u001b[31m\n');
    assert.equal((await call('app.void')).stdout, '');
    assert.equal((await call('app.named', '--kwarg', 'on=true')).stdout, '{"on":true}\n');
    assert.equal((await call('app.steps', '--progress')).stdout, '1\n2\n');
    assert.equal((await call('app.steps')).stdout, '2\n');
    const json = await call('app.steps', '--progress', '--json');
    assert.equal(json.stdout, '{"progress":true,"args":[1],"kwargs":{}}\n{"args":[2],"kwargs":{}}\n');
    const full = 'wampway: app.error.full: the tank is full\\u001b[2J\n';
    assert.deepEqual(await call('app.fail'), { code: 1, stdout: '', stderr: full });
    assert.equal((await call('app.odd')).stderr, 'wampway: app.error.odd: [{"a":1}]\n');
    const nowhere = await call('app.nowhere');
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /^wampway: wamp\.error\.no_such_procedure.*\n$/);
    const late = await call('app.never', '--timeout', '20');
    assert.deepEqual([late.code, late.stderr.includes('wamp.error.timeout')], [1, true]);
    const stopped = new CommandRun('call', 'app.never', '--url', url);
    await until('it waits', () => server.router.realm('realm1')?.callCount === 1);
    assert.equal(await stopped.stop(), 0);
    await Promise.all(made.map(one => one.unregister()));
  });

  it('register: answers with a fixed value, or with a command within its limits', async () => {
    const fixed = await new CommandRun('register', 'app.fixed', '--value', '{"v":[1]}', '--url', url).ready();
    const { args, kwargs } = await session.call('app.fixed', { args: ['who'] });
    assert.deepEqual([args, kwargs], [[{ v: [1] }], {}]);
    await until('the line', () => fixed.lines.length === 1);
    assert.match(fixed.lines[0] ?? '', /^[0-9:.]{12} app\.fixed {2}\["who"\]$/);
    assert.equal(await fixed.stop(), 0);
    await until('it has left', () => server.router.sessionCount === 1);

    const registered = async (command: string, ...more: string[]): Promise<CommandRun> =>
      new CommandRun('register', 'app.x', '--exec', command, '--json', '--url', url, ...more).ready();
    const outcome = async (command: string, ...more: string[]): Promise<unknown> => {
      const register = await registered(command, ...more);
      const answer = await session.call('app.x', { args: [1, 'two'], kwargs: { k: 3 } }).then(
        result => result.args,
        (error: unknown) => error instanceof WampError && [error.uri, ...error.args, error.kwargs],
      );
      await register.stop();
      await until('it has left', () => server.router.sessionCount === 1);
      return answer;
    };
    assert.deepEqual(await outcome('cat'), [{ procedure: 'app.x', args: [1, 'two'], kwargs: { k: 3 } }]);
    assert.deepEqual(await outcome('echo "$WAMP_PROCEDURE is fine"'), ['app.x is fine']);
    assert.deepEqual(await outcome('true'), []);
    assert.deepEqual(await outcome('exit 3'), [
      'wamp.error.runtime_error',
      'the command ended with exit code 3',
      { exit_code: 3 },
    ]);
    assert.deepEqual(await outcome('yes', '--max-output', '100'), [
      'wamp.error.payload_size_exceeded',
      'the command printed more than 100 bytes',
      {},
    ]);
    assert.deepEqual(await outcome('sleep 30', '--exec-timeout', '30'), [
      'wamp.error.timeout',
      'the command took more than 30 ms',
      {},
    ]);

    const busy = await registered('sleep 30', '--concurrency', '1');
    const first = session.call('app.x').catch((error: unknown) => error);
    await until('the command runs', () => busy.lines.length === 1);
    await assert.rejects(session.call('app.x'), { uri: 'wamp.error.unavailable' });
    await busy.stop();
    assert.equal(((await first) as WampError).uri, 'wamp.error.canceled');
  });

  it('register: ends its commands with all their children, even if these ignore SIGTERM', async () => {
    const file = join(folder, 'pid');
    const command = `trap '' TERM; (trap '' TERM; sleep 30) & echo $! > ${file}; wait; wait`;
    const register = await new CommandRun('register', 'app.x', '--exec', command, '--url', url).ready();
    const call = session.call('app.x').catch(() => {});
    const pid = await until('its child', () => existsSync(file) && Number(readFileSync(file, 'utf8')));
    assert.equal(await register.stop(), 0);
    await call;
    await until('the child is gone', () => {
      try {
        // A zombie has ended, even if its parent has not collected it.
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] === 'Z';
      } catch {
        return true;
      }
    });
  });

  it('print one line and end with exit code 2 if no request could be made', async () => {
    const [port = 0] = await freePorts(1);
    const cases: [string[], RegExp][] = [
      [['call', 'p', '--url', `ws://127.0.0.1:${port}/ws`], /cannot connect to ws:.*is the gateway running\?/],
      [['sub', 't', '--url', 'unix:///nowhere/wamp.sock'], /the socket file does not exist/],
      [['pub', 't', '--url', 'ftp://127.0.0.1'], /Use ws:\/\//],
      [['pub', 't', '--url', url, '--realm', 'nowhere'], /could not join realm nowhere at ws:.*--realm/],
      [['pub', 't', '--url', url, '--kwarg', 'x'], /--kwarg: expected key=value, received "x"/],
      [['pub', 't', '--url', url, '--count', '0'], /--count: expected a whole number of at least 1/],
      [['call', 'p', '--url', url, '--timeout', 'soon'], /--timeout: expected a whole number/],
      [['register', 'p', '--url', url], /either --value JSON or --exec/],
      [['register', 'p', '--url', url, '--value', '1', '--exec', 'true'], /either --value JSON or --exec/],
    ];
    for (const [args, expected] of cases) {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, expected);
      assert.match(stderr, /^wampway: .*\n$/);
    }
    const { code, stderr } = await run('sub', 't', '--match', 'fuzzy');
    assert.deepEqual([code, /Allowed choices are exact, prefix, wildcard/.test(stderr)], [2, true]);
  });

  it('end with exit code 2 if the router stops, and stop connecting after a signal', async () => {
    const other = await RouterServer.start();
    const sub = await new CommandRun('sub', 't', '--url', other.url).ready();
    await other.stop();
    assert.equal(await sub.exitCode, 2);
    assert.match(sub.stderr, /\nwampway: the router at ws:.* ended the session: wamp\.close\.system_shutdown.*\n$/);

    const sockets: Socket[] = [];
    const silent = createServer(socket => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    for (const scheme of ['ws', 'tcp']) {
      const waiting = new CommandRun('sub', 't', '--url', `${scheme}://127.0.0.1:${port}`);
      await once(silent, 'connection');
      assert.equal(await waiting.stop(), 0);
    }
    const impatient = await run('sub', 't', '--url', `tcp://127.0.0.1:${port}`, '--connect-timeout', '30');
    assert.deepEqual([impatient.code, impatient.stderr.includes('no answer within 30 ms')], [2, true]);
    await until('the connection is seen', () => sockets.length === 3);
    for (const socket of sockets) socket.destroy();
    await new Promise(done => silent.close(done));
  });

  it('--ca: accepts a certificate of the given authority, and of no other', async () => {
    await using secure = await RouterServer.start({ tls: { cert: testCertificate, key: testKey } });
    const file = join(folder, 'ca.pem');
    writeFileSync(file, testCertificate);
    for (const address of [`wss://127.0.0.1:${secure.port}/ws`, `tcps://localhost:${secure.port}`]) {
      const untrusted = await run('call', 'not.registered', '--url', address);
      assert.equal(untrusted.code, 2);
      assert.match(untrusted.stderr, /self-signed: add it as an authority \(tls\.ca; --ca\)/);
      const trusted = await run('call', 'not.registered', '--url', address, '--ca', file);
      assert.equal(trusted.code, 1);
      assert.match(trusted.stderr, /no_such_procedure/);
    }
    for (const [wrong, why] of [
      [join(folder, 'none.pem'), /cannot read the CA certificate from .*none\.pem: ENOENT/],
      [join(folder, 'wamp.txt'), /no certificate in PEM/],
    ] as const) {
      writeFileSync(join(folder, 'wamp.txt'), 'not PEM');
      const { code, stderr } = await run('call', 'a.b', '--url', url, '--ca', wrong);
      assert.equal(code, 2);
      assert.match(stderr, why);
    }
  });
});
