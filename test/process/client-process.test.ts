import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { dial } from '../../src/transport/dial.ts';
import { RouterServer } from '../support/router-server.ts';
import { ShellRun } from '../support/shell-run.ts';
import { until } from '../support/until.ts';

describe('client commands as processes', () => {
  let server: RouterServer;
  let session: ClientSession;
  before(async () => {
    server = await RouterServer.start();
    session = await ClientSession.join(await dial(server.url, { codec: codecNamed('json') }), { realm: 'realm1' });
  });
  after(async () => {
    await session.leave();
    await server.stop();
  });

  it('leave the session on Ctrl-C and SIGTERM, and end with exit code 0', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const sub = new ShellRun('exec $WAMPWAY sub t --url $ROUTER', server.url);
      await until('it has subscribed', () => sub.stderr.includes('subscribed'), 20);
      sub.child.kill(signal);
      assert.equal(await sub.exit(), 0);
      assert.equal(sub.stderr.split('\n').length, 2, sub.stderr);
      await until('it has left', () => server.router.sessionCount === 1);
    }
  });

  it('end without an error if the reader closes their output', async () => {
    const sub = new ShellRun('$WAMPWAY sub t --url $ROUTER | head -n 1', server.url);
    await until('it has subscribed', () => sub.stderr.includes('subscribed'), 20);
    await session.publish('t', { args: [1] });
    await until('the first line', () => sub.stdout.includes('\n'));
    await until('it has left', () => {
      void session.publish('t', { args: ['into a closed pipe'] });
      return server.router.sessionCount === 1;
    });
    assert.equal(await sub.exit(), 0);
    assert.match(sub.stderr, /^subscribed [^\n]*\n$/);
    assert.match(sub.stdout, /^[^\n]* t {2}\[1\]\n$/);
  });

  it('work together in a shell', async () => {
    const script = `$WAMPWAY register app.double --exec 'read x; echo "[2, 4]"' --url $ROUTER 2>&1 | {
      read ready; echo "$ready"; $WAMPWAY call app.double 1 --url $ROUTER; echo "code $?"; }`;
    const both = new ShellRun(script, server.url);
    await until('the result', () => /code 0\n/.test(both.stdout), 20);
    assert.match(both.stdout, /^registered app\.double on realm1 at [^\n]*\n\[2,4\]\ncode 0\n$/);
    for (const link of server.links.slice(1)) link.close('the test is over');
    await both.exit();
  });
});
