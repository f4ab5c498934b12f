import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Certificates } from '../support/certificates.ts';
import { Folder } from '../support/folder.ts';
import { freePorts } from '../support/free-ports.ts';
import { ShellRun } from '../support/shell-run.ts';
import { testKey } from '../support/tls-fixture.ts';
import { until } from '../support/until.ts';

const RULED = 'roles: { device: { permissions: [{ uri: "dev.", match: prefix, allow: [publish] }] } }';
const tls = (files: string): string => `listeners: [{ type: web, port: 0, tls: { ${files} } }]`;

/** Invalid configurations, and the error that both commands print: place, path and reason. */
const invalid: Readonly<Record<string, [yaml: string, error: string]>> = {
  'a missing certificate': [
    tls('cert: none.pem, key: server.key'),
    ':1:48  error  listeners[0].tls.cert: cannot read the certificate FOLDER/none.pem: there is no such file',
  ],
  'a missing key': [
    tls('cert: server.pem, key: none.key'),
    ':1:65  error  listeners[0].tls.key: cannot read the private key FOLDER/none.key: there is no such file',
  ],
  'a certificate that is a folder': [
    tls('cert: ., key: server.key'),
    ':1:48  error  listeners[0].tls.cert: cannot read the certificate FOLDER: it is a folder',
  ],
  'a certificate file without a certificate': [
    tls('cert: server.key, key: server.key'),
    ':1:48  error  listeners[0].tls.cert: FOLDER/server.key does not contain a certificate in PEM',
  ],
  'a key of another certificate': [
    tls('cert: server.pem, key: other.key'),
    ':1:65  error  listeners[0].tls.key: the private key FOLDER/other.key does not belong to the certificate',
  ],
  'a certificate that is a pipe': [
    tls('cert: pipe, key: server.key'),
    ':1:48  error  listeners[0].tls.cert: cannot read the certificate FOLDER/pipe: it is not a regular file',
  ],
  'a certificate that never ends': [
    tls('cert: /dev/zero, key: server.key'),
    ':1:48  error  listeners[0].tls.cert: cannot read the certificate /dev/zero: it is not a regular file',
  ],
  'a missing file of authorities': [
    tls('cert: server.pem, key: server.key, clientCertificates: request, clientCa: none.pem'),
    'error  listeners[0].tls.clientCa: cannot read the authorities FOLDER/none.pem: there is no such file',
  ],
  'TLS of a bridge': [
    'listeners: []\nbridges:\n  mqtt: { port: 0, tls: { port: 0, cert: none.pem, key: server.key } }',
    ':3:42  error  bridges.mqtt.tls.cert: cannot read the certificate FOLDER/none.pem',
  ],
  'TLS of devices': [
    'listeners: []\nbridges:\n  cbor-tcp: { port: 0, tls: { cert: server.pem, key: none.key } }',
    ':3:54  error  bridges.cbor-tcp.tls.key: cannot read the private key FOLDER/none.key',
  ],
  'authorities of an external broker without a certificate': [
    'listeners: []\nbridges:\n  mqtt-external: { url: "mqtts://broker.example", tls: { ca: !file other.key } }',
    'error  bridges.mqtt-external.tls.ca: must contain a certificate in PEM',
  ],
  'a key for an external broker that does not belong to the certificate': [
    'listeners: []\nbridges:\n  mqtt-external: { url: "mqtts://b.example", tls: { cert: !file server.pem, key: !file other.key } }',
    'error  bridges.mqtt-external.tls.key: does not belong to the certificate',
  ],
  'an external broker on an invalid port': [
    'listeners: []\nbridges:\n  mqtt-external: { url: "mqtt://127.0.0.1:99999" }',
    ':3:25  error  bridges.mqtt-external.url: must be a valid URL: its host or its port (1 to 65535) is not valid',
  ],
  'a dynamic authenticator on an invalid port': [
    'realms: [{ name: a, authenticator: { url: "http://127.0.0.1:99999/" } }]\nlisteners: []',
    ':1:43  error  realms[0].authenticator.url: must be a valid URL: its host or its port (1 to 65535) is not valid',
  ],
  'a bearer token with characters that HTTP headers do not allow': [
    'realms: [{ name: a, authenticator: { url: "http://127.0.0.1/", bearer: "a\\nb" } }]\nlisteners: []',
    'error  realms[0].authenticator.bearer: must be a token that is valid in an HTTP header',
  ],
  'the same port for two listeners': [
    'listeners:\n  - { type: web, port: PORT1 }\n  - { type: rawsocket, port: PORT1 }',
    ':3:30  error  listeners[1].port: cannot listen on 127.0.0.1:PORT1: listeners[0] already uses this port',
  ],
  'the same port on all addresses and on one address': [
    'listeners:\n  - { type: web, host: 0.0.0.0, port: PORT1 }\n  - { type: rawsocket, port: PORT1 }',
    ':3:30  error  listeners[1].port: cannot listen on 127.0.0.1:PORT1: listeners[0] already uses this port',
  ],
  'the same port on one address and on all IPv6 addresses': [
    'listeners:\n  - { type: web, port: PORT1 }\n  - { type: rawsocket, host: "::", port: PORT1 }',
    'error  listeners[1].port: cannot listen on [::]:PORT1: listeners[0] already uses this port',
  ],
  'the same port on two spellings of one address': [
    'listeners:\n  - { type: web, port: PORT1 }\n  - { type: rawsocket, host: "127.1", port: PORT1 }',
    ':3:45  error  listeners[1].port: cannot listen on 127.1:PORT1: listeners[0] already uses this port',
  ],
  'a host in brackets': [
    'listeners: [{ type: web, host: "[::1]", port: 0 }]',
    ':1:32  error  listeners[0].host: there is no host named [::1]: use an address, or correct the name',
  ],
  'a host with a space': [
    'listeners: []\nbridges:\n  cbor-tcp: { host: "127.0.0.1 ", port: 0 }',
    ':3:21  error  bridges.cbor-tcp.host: there is no host named 127.0.0.1 : use an address, or correct the name',
  ],
  'an IPv6 address of another machine': [
    'listeners: [{ type: web, host: "2001:db8::0:1", port: 0 }]',
    ':1:32  error  listeners[0].host: 2001:db8::0:1 is not an address of this machine',
  ],
  'a TLS address of another machine': [
    'listeners: []\nbridges:\n  mqtt: { port: 0, tls: { host: 203.0.113.7, port: 0, cert: server.pem, key: server.key } }',
    ':3:33  error  bridges.mqtt.tls.host: 203.0.113.7 is not an address of this machine',
  ],
  'the same port for a listener and a bridge': [
    'listeners: [{ type: web, host: localhost, port: PORT1 }]\nbridges:\n  mqtt: { port: PORT1 }',
    ':3:17  error  bridges.mqtt.port: cannot listen on 127.0.0.1:PORT1: listeners[0] already uses this port',
  ],
  'the same port for two bridges': [
    'listeners: []\nbridges:\n  mqtt: { port: PORT1 }\n  cbor-tcp: { port: PORT1 }',
    ':4:21  error  bridges.cbor-tcp.port: cannot listen on 127.0.0.1:PORT1: bridges.mqtt already uses this port',
  ],
  'the default port of a bridge that a listener uses': [
    'listeners: [{ type: web, port: 1883 }]\nbridges:\n  mqtt: {}',
    ':3:3  error  bridges.mqtt.port: cannot listen on 127.0.0.1:1883: listeners[0] already uses this port',
  ],
  'a Unix socket in a missing folder': [
    'listeners: [{ type: rawsocket, unix: /nowhere/wamp.sock }]',
    ':1:38  error  listeners[0].unix: cannot be listened on: /nowhere: there is no such folder',
  ],
  'the same Unix socket for two listeners': [
    'listeners:\n  - { type: rawsocket, unix: FOLDER/a.sock }\n  - { type: rawsocket, unix: FOLDER/./a.sock }',
    ':3:30  error  listeners[1].unix: cannot be listened on: listeners[0] already uses this socket',
  ],
  'a Unix socket on the path of a file': [
    'listeners: [{ type: rawsocket, unix: FOLDER/server.pem }]',
    ':1:38  error  listeners[0].unix: cannot be listened on: FOLDER/server.pem exists and is not a socket',
  ],
  'a Unix socket on the path of a folder': [
    'listeners: [{ type: rawsocket, unix: FOLDER/tables }]',
    ':1:38  error  listeners[0].unix: cannot be listened on: FOLDER/tables exists and is not a socket',
  ],
  'an address of another machine': [
    'listeners: [{ type: web, host: 203.0.113.7, port: 0 }]',
    ':1:32  error  listeners[0].host: 203.0.113.7 is not an address of this machine',
  ],
  'a missing folder of web pages': [
    'listeners: [{ type: web, port: 0, folders: { my: /nowhere } }]',
    ':1:50  error  listeners[0].folders.my: cannot be served: /nowhere: there is no such folder',
  ],
  'a data folder inside a file': [
    'listeners: []\ndata: { path: server.pem/data }',
    ':2:15  error  data.path: cannot be used: FOLDER/server.pem is not a folder',
  ],
  'a data folder in /proc': [
    'listeners: []\ndata: { path: /proc/x }',
    ':2:15  error  data.path: cannot be used: /proc belongs to the kernel and cannot store files',
  ],
  'a data folder in /dev/pts': [
    'listeners: []\ndata: { path: /dev/pts/x }',
    ':2:15  error  data.path: cannot be used: /dev/pts belongs to the kernel and cannot store files',
  ],
  'a data folder that is a dangling link': [
    'listeners: []\ndata: { path: nothing/data }',
    ':2:15  error  data.path: cannot be used: FOLDER/nothing is a link to a folder that does not exist',
  ],
  'a data folder that is a link to itself': [
    'listeners: []\ndata: { path: circle }',
    ':2:15  error  data.path: cannot be used: FOLDER/circle: its symbolic links form a loop',
  ],
  'a data folder with a name that is too long': [
    `listeners: []\ndata: { path: ${'a'.repeat(300)} }`,
    `:2:15  error  data.path: cannot be used: FOLDER/${'a'.repeat(300)}: the name is too long`,
  ],
  'a data folder with a NUL in its name': [
    'listeners: []\ndata: { path: "a\\0b" }',
    ':2:15  error  data.path: cannot be used: its name contains a NUL character',
  ],
  'a principal with an unknown role': [
    `listeners: []\nrealms:\n  - name: realm1\n    ${RULED}\nprincipals:\n  - { authid: p, role: devcie, ticket: long-secret }`,
    ':6:24  error  principals[0].role: there is no role "devcie"',
  ],
  'an unknown role in meta.read': [
    'listeners: []\nrealms:\n  - name: realm1\n    meta: { read: [admni] }\nprincipals:\n  - { authid: p, role: admin, ticket: long-secret }',
    ':4:20  error  realms[0].meta.read[0]: there is no role "admni"',
  ],
  'an unknown role in meta.control': [
    'listeners: []\nrealms:\n  - name: realm1\n    meta: { control: [anonymous, admni] }',
    ':4:34  error  realms[0].meta.control[1]: there is no role "admni"',
  ],
  'an unknown role of the authorizer': [
    'listeners: []\nrealms:\n  - name: realm1\n    authorizer: { procedure: a.b, roles: [devcie] }',
    ':4:43  error  realms[0].authorizer.roles[0]: there is no role "devcie"',
  ],
  'a principal with an unknown realm': [
    'listeners: []\nprincipals:\n  - { authid: p, role: device, realms: [nowhere], ticket: long-secret }',
    'error  principals[0].realms[0]: there is no realm nowhere',
  ],
  'two realms with the same name': [
    'listeners: []\nrealms: [{ name: realm1 }, { name: realm1 }]',
    'error  realms: has two realms of the same name',
  ],
  'a missing file of principals': [
    'listeners: []\nprincipals: none.yaml',
    'none.yaml  error  cannot read the principals: there is no such file',
  ],
};

/** Returns the lines with problems, without the lines that each command prints around them. */
const problemsIn = (stderr: string): string =>
  stderr
    .split('\n')
    .map(line => line.replace(/^wampway: /, ''))
    .filter(line => line !== '' && !/^the configuration is not valid$|^\d+ errors? in /.test(line))
    .join('\n');

describe('wampway check and start', { timeout: 240_000 }, () => {
  const folder = new Folder();
  let port = 0;
  before(async () => {
    using certificates = await Certificates.make();
    writeFileSync(folder.file('server.pem'), certificates.read('server.pem'));
    writeFileSync(folder.file('server.key'), certificates.read('server.key'));
    writeFileSync(folder.file('other.key'), testKey);
    execFileSync('mkfifo', [folder.file('pipe')]);
    mkdirSync(folder.file('tables'));
    writeFileSync(folder.file('tables/000005.ldb'), '');
    symlinkSync('nowhere', folder.file('nothing'));
    symlinkSync('circle', folder.file('circle'));
    [port = 0] = await freePorts(1);
  });
  after(() => folder[Symbol.dispose]());

  const filled = (text: string): string => text.replaceAll('PORT1', String(port)).replaceAll('FOLDER', folder.path);

  for (const [name, [yaml, error]] of Object.entries(invalid)) {
    it(`report the same error: ${name}`, async () => {
      const file = folder.file('gateway.yaml');
      writeFileSync(file, `${filled(yaml)}\n`);
      const check = new ShellRun(`exec $WAMPWAY check -c ${file}`);
      const start = new ShellRun(`exec $WAMPWAY start -c ${file}`);
      const codes = await Promise.all([check.exit(), start.exit()]);
      assert.deepEqual(codes, [2, 2], `${check.stderr}${start.stderr}${start.stdout}`);
      assert.ok(check.stderr.includes(filled(error)), check.stderr);
      assert.equal(problemsIn(start.stderr), problemsIn(check.stderr));
    });
  }

  it('report the same reason: a data folder with tables and without CURRENT', async () => {
    const file = folder.file('gateway.yaml');
    writeFileSync(file, 'listeners: []\ndata: { path: tables }\n');
    const check = new ShellRun(`exec $WAMPWAY check -c ${file}`);
    const start = new ShellRun(`exec $WAMPWAY start -c ${file}`);
    assert.deepEqual(await Promise.all([check.exit(), start.exit()]), [2, 2]);
    const reason =
      'cannot be used: it has 000005.ldb but no file CURRENT: restore the file from a backup, or run "wampway data repair"';
    assert.ok(check.stderr.includes(`:2:15  error  data.path: ${reason}`), check.stderr);
    assert.ok(start.stderr.startsWith(`wampway: the data folder ${folder.file('tables')} ${reason}`), start.stderr);
  });

  it('accept unusual but valid configurations', async () => {
    const file = folder.file('gateway.yaml');
    const [other = 0] = await freePorts(1);
    for (const yaml of [
      // Port 0 selects a free port. Two addresses may use the same port.
      'listeners: [{ type: web, port: 0 }, { type: rawsocket, port: 0 }]\nbridges: { mqtt: { port: 0 }, cbor-tcp: { port: 0 } }',
      `listeners: [{ type: web, port: ${other} }, { type: rawsocket, host: 127.0.0.2, port: ${other} }]`,
      // Without permissions, a role need not exist. With a dynamic authenticator, any role may occur.
      'listeners: []\nprincipals:\n  - { authid: p, role: any, ticket: long-secret }',
      'listeners: []\nrealms:\n  - { name: realm1, meta: { read: [admin] }, authenticator: { procedure: a.b } }',
      `listeners: []\nrealms:\n  - name: realm1\n    ${RULED}\nprincipals:\n  - { authid: p, role: device, ticket: long-secret }`,
      'listeners: []\ndata: { path: new/folder }',
    ]) {
      writeFileSync(file, `${yaml}\n`);
      const check = new ShellRun(`exec $WAMPWAY check -c ${file}`);
      assert.equal(await check.exit(), 0, check.stderr);
      const start = new ShellRun(`exec $WAMPWAY start -c ${file}`);
      await until(`the banner; so far: ${start.stderr}`, () => /is ready/.test(start.stdout), 20);
      start.child.kill();
      assert.equal(await start.exit(), 0, start.stderr);
    }
  });

  it('warn about a principal in a file with an unknown role, and start', async () => {
    const file = folder.file('gateway.yaml');
    writeFileSync(file, `listeners: []\nprincipals: people.yaml\nrealms:\n  - name: realm1\n    ${RULED}\n`);
    const people = 'principals: [{ authid: p, role: devcie, ticket: long-secret }]\n';
    writeFileSync(folder.file('people.yaml'), people, { mode: 0o600 });
    const check = new ShellRun(`exec $WAMPWAY check -c ${file}`);
    assert.equal(await check.exit(), 0);
    assert.match(check.stdout, /^warning: .*people\.yaml: principals\[0\]\.role: there is no role "devcie"/m);
    const start = new ShellRun(`exec $WAMPWAY start -c ${file}`);
    await until(`the banner; so far: ${start.stderr}`, () => /is ready/.test(start.stdout), 20);
    await until('the warning', () => /principals\[0\]\.role.*there is no role \W+devcie/.test(start.stderr));
    start.child.kill();
    assert.equal(await start.exit(), 0);
  });

  it('start: an option of the command line replaces a value of the configuration', async () => {
    const file = folder.file('gateway.yaml');
    writeFileSync(file, filled('listeners:\n  - { type: web, port: PORT1 }\n  - { type: rawsocket, port: PORT1 }\n'));
    const start = new ShellRun(`exec $WAMPWAY start -c ${file} --rawsocket-port 0`);
    await until(`the banner; so far: ${start.stderr}`, () => /is ready/.test(start.stdout), 20);
    start.child.kill();
    assert.equal(await start.exit(), 0);
  });
});
