import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { Folder } from '../support/folder.ts';
import { freePorts } from '../support/free-ports.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { RouterServer } from '../support/router-server.ts';
import { ShellRun, wampwayMain } from '../support/shell-run.ts';
import { until } from '../support/until.ts';

const timesIn = (text: string, pattern: RegExp): number => text.match(new RegExp(pattern, 'g'))?.length ?? 0;
/** Port 0 for the listeners of bridges, which the command line cannot set. */
const freeBridgePorts = { WAMPWAY_BRIDGES__MQTT__PORT: '0', WAMPWAY_BRIDGES__CBOR_TCP__PORT: '0' };

const IGNORED = /signal ignored: SIGHUP/;

async function isUp(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
  return answer?.ok === true;
}

/** Starts a gateway in a pseudo-terminal. When it closes, the gateway receives SIGHUP, and EIO for each later write. */
async function startInTerminal(folder: Folder, web: number, more: Record<string, string> = {}) {
  const terminal = spawn(
    'python3',
    ['-c', TERMINAL, process.execPath, wampwayMain, 'start', '--port', String(web), '--rawsocket-port', '0'],
    { stdio: ['pipe', 'pipe', 'inherit'], cwd: folder.path, env: { ...process.env, ...freeBridgePorts, ...more } },
  );
  let out = '';
  terminal.stdout.on('data', data => {
    out += String(data);
  });
  const pid = await until('the process', () => Number(/pid (\d+)/.exec(out)?.[1]) || undefined);
  return { terminal, pid, output: () => out };
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a gateway that receives SIGHUP', { timeout: 60_000 }, () => {
  it('logs each SIGHUP once and keeps running until SIGTERM', async () => {
    const gateway = await GatewayProcess.start();
    for (let sent = 1; sent <= 3; sent++) {
      process.kill(gateway.pid, 'SIGHUP');
      await until('the signal is logged', () => timesIn(gateway.output, IGNORED) === sent);
    }
    // Wait for longer than the time that a stopped command has to end.
    await new Promise(resolve => setTimeout(resolve, 3200));
    assert.ok(await isUp(gateway.ports.web));
    assert.equal(timesIn(gateway.output, IGNORED), 3);
    assert.equal(await gateway.stop(), 0);
  });

  it('keeps running after its terminal was closed', async () => {
    using folder = new Folder();
    const [web = 0] = await freePorts(1);
    const { terminal, pid } = await startInTerminal(folder, web);
    try {
      await until('it answers', () => isUp(web), 20);
      terminal.stdin.end();
      await once(terminal, 'close');
      await new Promise(resolve => setTimeout(resolve, 3200));
      assert.ok(await isUp(web), 'the gateway ended with its terminal');
    } finally {
      if (runs(pid)) process.kill(pid, 'SIGTERM');
      await until('it has ended', () => !runs(pid));
    }
  });

  it('ends with exit code 0 on SIGTERM after its terminal was closed, without an abort of Node', async () => {
    using folder = new Folder();
    const [web = 0] = await freePorts(1);
    const { terminal, pid, output } = await startInTerminal(folder, web, { TERMINAL: '--wait' });
    await until('it answers', () => isUp(web), 20);
    terminal.stdin.end();
    // Give the process time to receive SIGHUP. Its output then fails, so no log line can be awaited.
    await new Promise(resolve => setTimeout(resolve, 500));
    process.kill(pid, 'SIGTERM');
    await once(terminal, 'close');
    assert.match(output(), /status 0/);
  });

  it('keeps running after the readers of stdout and stderr have closed them', async () => {
    const [web = 0] = await freePorts(1);
    const child = spawn(process.execPath, [wampwayMain, 'start', '--port', String(web), '--rawsocket-port', '0'], {
      env: { ...process.env, ...freeBridgePorts },
    });
    child.stdout.destroy();
    child.stderr.destroy();
    await until('it answers', () => isUp(web), 20);
    for (let i = 0; i < 30; i++) child.kill('SIGHUP');
    await new Promise(resolve => setTimeout(resolve, 3200));
    assert.ok(await isUp(web));
    child.kill('SIGTERM');
    await once(child, 'exit');
    assert.equal(child.exitCode, 0);
  });
});

describe('a client command that receives SIGHUP', () => {
  let server: RouterServer;
  before(async () => {
    server = await RouterServer.start();
  });
  after(() => server.stop());

  it('leaves the session and ends', async () => {
    const sub = new ShellRun('exec $WAMPWAY sub t --url $ROUTER', server.url);
    await until('it has subscribed', () => sub.stderr.includes('subscribed'), 20);
    sub.child.kill('SIGHUP');
    assert.equal(await sub.exit(), 0);
    await until('it has left', () => server.router.sessionCount === 0);
  });
});

/** Runs its arguments in a new pseudo-terminal, prints the process id, and closes the terminal at the end of stdin. */
const TERMINAL = `
import os, pty, sys, threading
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
print("pid", pid, flush=True)
def drain():
    try:
        while os.read(terminal, 4096): pass
    except OSError: pass
threading.Thread(target=drain, daemon=True).start()
sys.stdin.read()
os.close(terminal)
if "--wait" in os.environ.get("TERMINAL", ""):
    print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
os._exit(0)
`;
