import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, it } from 'node:test';
import { certCommand } from '../../../src/cli/keys/cert.ts';
import { runProgram } from '../../../src/cli/program.ts';

const root = mkdtempSync(join(tmpdir(), 'wampway-cert-test-'));
after(() => rmSync(root, { recursive: true }));

async function cert(...args: readonly string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { stdout, stderr, stdin: new PassThrough(), signal: new AbortController().signal };
  const program = { name: 'wampway', summary: '', version: '0', commands: [certCommand] };
  const exitCode = await runProgram(program, ['cert', ...args], io);
  return { exitCode, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

const certificate = (path: string): X509Certificate => new X509Certificate(readFileSync(path));

describe('wampway cert', () => {
  it('creates certificates of the authority, the gateway and devices, readable by their owner only', async () => {
    const folder = join(root, 'made');
    const umask = process.umask(0);
    const run = await cert(
      ...['init', 'pump', 'meter', '--folder', folder, '--host', 'gateway.local', '--host', '192.0.2.7'],
      ...['--host', '2001:db8::7'],
    );
    process.umask(umask);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(run.stdout, /clientCa: .*ca\.pem/);
    assert.match(run.stdout, /authid: meter, role: device, certificates: \[\{ subject: "CN=meter" }]/);
    const names = ['ca', 'server', 'pump', 'meter'].flatMap(name => [`${name}.key`, `${name}.pem`]);
    assert.deepEqual(readdirSync(folder).sort(), names.sort());
    for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    const [ca, server, pump] = [
      certificate(join(folder, 'ca.pem')),
      certificate(join(folder, 'server.pem')),
      certificate(join(folder, 'pump.pem')),
    ];
    assert.ok(ca.ca && ca.verify(ca.publicKey));
    assert.ok(server.checkIssued(ca) && server.verify(ca.publicKey) && !server.ca);
    assert.ok(pump.checkIssued(ca) && pump.verify(ca.publicKey) && !pump.ca);
    assert.equal(server.checkHost('gateway.local'), 'gateway.local');
    assert.equal(server.checkIP('192.0.2.7'), '192.0.2.7');
    assert.ok(server.checkIP('2001:db8::7'));
    assert.equal(server.checkHost('elsewhere.local'), undefined);
    assert.equal(pump.subject, 'CN=pump');
    // A server certificate is not valid for a client, and a client certificate is not valid for a server.
    assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1']);
    assert.deepEqual(pump.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  });

  it('overwrites no file, and writes no file if one of them exists', async () => {
    const folder = join(root, 'twice');
    assert.equal((await cert('init', '--folder', folder, '--host', 'a.local')).exitCode, 0);
    const before = readFileSync(join(folder, 'ca.key'), 'utf8');
    const again = await cert('init', 'pump', '--folder', folder, '--host', 'a.local');
    assert.equal(again.exitCode, 2);
    assert.match(again.stderr, /ca\.pem already exists and is not overwritten/);
    assert.equal(readFileSync(join(folder, 'ca.key'), 'utf8'), before);
    assert.ok(!readdirSync(folder).includes('pump.key'));
    assert.equal((await cert('device', 'pump', '--folder', folder)).exitCode, 0);
    assert.equal((await cert('device', 'new', 'pump', '--folder', folder)).exitCode, 2);
    assert.ok(!readdirSync(folder).includes('new.key'));
  });

  it('renews the certificate of the gateway, and keeps its key', async () => {
    const folder = join(root, 'renewed');
    await cert('init', '--folder', folder, '--host', 'a.local');
    const [key, pem] = [readFileSync(join(folder, 'server.key')), readFileSync(join(folder, 'server.pem'), 'utf8')];
    const run = await cert('renew', '--folder', folder, '--host', 'b.local');
    assert.equal(run.exitCode, 0, run.stderr);
    assert.deepEqual(readFileSync(join(folder, 'server.key')), key);
    assert.notEqual(readFileSync(join(folder, 'server.pem'), 'utf8'), pem);
    assert.equal(certificate(join(folder, 'server.pem')).checkHost('b.local'), 'b.local');
    assert.equal(statSync(join(folder, 'server.pem')).mode & 0o777, 0o600);
  });

  const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown action', ['new'], /expected init/],
    ['no device', ['device'], /expected init/],
    ['a path as device name', ['device', '../x'], /"\.\.\/x" is not a valid device name/],
    ['the name of the authority as device name', ['init', 'CA'], /"CA" is not a valid device name/],
    ['a device twice', ['init', 'a', 'a'], /occurs twice/],
    ['a host with a line feed', ['init', '--host', 'a\nb = c'], /neither a host name nor an IP address/],
    ['a missing authority', ['device', 'pump'], /ca\.pem is missing: create it with "wampway cert init"/],
    ['a missing server certificate', ['renew'], /is missing: create it with "wampway cert init"/],
  ];
  for (const [name, args, message] of mistakes) {
    it(`rejects ${name}`, async () => {
      const folder = join(root, 'mistakes');
      const run = await cert(...args, '--folder', folder);
      assert.equal(run.exitCode, 2);
      assert.match(run.stderr, message);
    });
  }

  it('explains what to install if openssl is missing', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = root;
    const run = await cert('init', '--folder', join(root, 'none'));
    process.env['PATH'] = PATH;
    assert.equal(run.exitCode, 2);
    assert.match(run.stderr, /the openssl program is missing: install it, .*sudo apt install openssl/);
  });
});
