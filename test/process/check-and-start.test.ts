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

/** Configurations that cannot be started, and what both commands say of each: place, path and reason. */
const broken: Readonly<Record<string, [yaml: string, says: string]>> = {
  'a certificate that is not there': [
    tls('cert: none.pem, key: server.key'),
    ':1:48  error  listeners[0].tls.cert: cannot read the certificate FOLDER/none.pem: there is no such file',
  ],
  'a key that is not there': [
    tls('cert: server.pem, key: none.key'),
    ':1:65  error  listeners[0].tls.key: cannot read the private key FOLDER/none.key: there is no such file',
  ],
  'a certificate that is a folder': [
    tls('cert: ., key: server.key'),
    ':1:48  error  listeners[0].tls.cert: cannot read the certificate FOLDER: it is a folder',
  ],
  'a certificate that is none': [
    tls('cert: server.key, key: server.key'),
    ':1:48  error  listeners[0].tls.cert: FOLDER/server.key holds no certificate in PEM',
  ],
  'a key of another certificate': [
    tls('cert: server.pem, key: other.key'),
    ':1:65  error  listeners[0].tls.key: the private key FOLDER/other.key does not belong to the certificate',
  ],
  'a certificate that is a pipe': [
    tls('cert: pipe, key: server.key'),
    ':1:48  error  listeners[0].tls.cert: cannot read the certificate FOLDER/pipe: it is no regular file',
  ],
  'a certificate that never ends': [
    tls('cert: /dev/zero, key: server.key'),
    ':1:48  error  listeners[0].tls.cert: cannot read the certificate /dev/zero: it is no regular file',
  ],
  'authorities that are not there': [
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
  'authorities of a broker elsewhere that are none': [
    'listeners: []\nbridges:\n  mqtt-external: { url: "mqtts://broker.example", tls: { ca: !file other.key } }',
    'error  bridges.mqtt-external.tls.ca: holds no certificate in PEM',
  ],
  'a key for a broker elsewhere that is of another certificate': [
    'listeners: []\nbridges:\n  mqtt-external: { url: "mqtts://b.example", tls: { cert: !file server.pem, key: !file other.key } }',
    'error  bridges.mqtt-external.tls.key: does not belong to the certificate',
  ],
  'a broker elsewhere on a port that is not valid': [
    'listeners: []\nbridges:\n  mqtt-external: { url: "mqtt://127.0.0.1:99999" }',
    ':3:25  error  bridges.mqtt-external.url: is no URL: its host or its port (1 to 65535) is not valid',
  ],
  'an application that is asked at a port that is not valid': [
    'realms: [{ name: a, authenticator: { url: "http://127.0.0.1:99999/" } }]\nlisteners: []',
    ':1:43  error  realms[0].authenticator.url: is no URL: its host or its port (1 to 65535) is not valid',
  ],
  'a token of an application that no header can hold': [
    'realms: [{ name: a, authenticator: { url: "http://127.0.0.1/", bearer: "a\\nb" } }]\nlisteners: []',
    'error  realms[0].authenticator.bearer: must be a token that an HTTP header can hold',
  ],
  'a port that two listeners have': [
    'listeners:\n  - { type: web, port: PORT1 }\n  - { type: rawsocket, port: PORT1 }',
    ':3:30  error  listeners[1].port: cannot listen on 127.0.0.1:PORT1: listeners[0] has this port already',
  ],
  'a port on every address, and on one': [
    'listeners:\n  - { type: web, host: 0.0.0.0, port: PORT1 }\n  - { type: rawsocket, port: PORT1 }',
    ':3:30  error  listeners[1].port: cannot listen on 127.0.0.1:PORT1: listeners[0] has this port already',
  ],
  'a port on one address, and on every one of IPv6': [
    'listeners:\n  - { type: web, port: PORT1 }\n  - { type: rawsocket, host: "::", port: PORT1 }',
    'error  listeners[1].port: cannot listen on [::]:PORT1: listeners[0] has this port already',
  ],
  'a port of two spellings of one address': [
    'listeners:\n  - { type: web, port: PORT1 }\n  - { type: rawsocket, host: "127.1", port: PORT1 }',
    ':3:45  error  listeners[1].port: cannot listen on 127.1:PORT1: listeners[0] has this port already',
  ],
  'a host that is in brackets': [
    'listeners: [{ type: web, host: "[::1]", port: 0 }]',
    ':1:32  error  listeners[0].host: there is no host named [::1]: use an address, or correct the name',
  ],
  'a host with a space': [
    'listeners: []\nbridges:\n  cbor-tcp: { host: "127.0.0.1 ", port: 0 }',
    ':3:21  error  bridges.cbor-tcp.host: there is no host named 127.0.0.1 : use an address, or correct the name',
  ],
  'an address of IPv6 that is not of this machine': [
    'listeners: [{ type: web, host: "2001:db8::0:1", port: 0 }]',
    ':1:32  error  listeners[0].host: 2001:db8::0:1 is no address of this machine',
  ],
  'an address of TLS that is not of this machine': [
    'listeners: []\nbridges:\n  mqtt: { port: 0, tls: { host: 203.0.113.7, port: 0, cert: server.pem, key: server.key } }',
    ':3:33  error  bridges.mqtt.tls.host: 203.0.113.7 is no address of this machine',
  ],
  'a port of a listener and a bridge': [
    'listeners: [{ type: web, host: localhost, port: PORT1 }]\nbridges:\n  mqtt: { port: PORT1 }',
    ':3:17  error  bridges.mqtt.port: cannot listen on 127.0.0.1:PORT1: listeners[0] has this port already',
  ],
  'a port of two bridges': [
    'listeners: []\nbridges:\n  mqtt: { port: PORT1 }\n  cbor-tcp: { port: PORT1 }',
    ':4:21  error  bridges.cbor-tcp.port: cannot listen on 127.0.0.1:PORT1: bridges.mqtt has this port already',
  ],
  'a port that a bridge has unless told otherwise': [
    'listeners: [{ type: web, port: 1883 }]\nbridges:\n  mqtt: {}',
    ':3:3  error  bridges.mqtt.port: cannot listen on 127.0.0.1:1883: listeners[0] has this port already',
  ],
  'a Unix socket in a folder that is not there': [
    'listeners: [{ type: rawsocket, unix: /nowhere/wamp.sock }]',
    ':1:38  error  listeners[0].unix: cannot be listened on: /nowhere: there is no such folder',
  ],
  'a Unix socket that two listeners have': [
    'listeners:\n  - { type: rawsocket, unix: FOLDER/a.sock }\n  - { type: rawsocket, unix: FOLDER/./a.sock }',
    ':3:30  error  listeners[1].unix: cannot be listened on: listeners[0] has this socket already',
  ],
  'a Unix socket where a file is': [
    'listeners: [{ type: rawsocket, unix: FOLDER/server.pem }]',
    ':1:38  error  listeners[0].unix: cannot be listened on: FOLDER/server.pem is there, and is no socket',
  ],
  'a Unix socket where a folder is': [
    'listeners: [{ type: rawsocket, unix: FOLDER/tables }]',
    ':1:38  error  listeners[0].unix: cannot be listened on: FOLDER/tables is there, and is no socket',
  ],
  'an address that is not of this machine': [
    'listeners: [{ type: web, host: 203.0.113.7, port: 0 }]',
    ':1:32  error  listeners[0].host: 203.0.113.7 is no address of this machine',
  ],
  'a folder of pages that is not there': [
    'listeners: [{ type: web, port: 0, folders: { my: /nowhere } }]',
    ':1:50  error  listeners[0].folders.my: cannot be served: /nowhere: there is no such folder',
  ],
  'a data folder inside a file': [
    'listeners: []\ndata: { path: server.pem/data }',
    ':2:15  error  data.path: cannot be used: FOLDER/server.pem is no folder',
  ],
  'a data folder of the kernel': [
    'listeners: []\ndata: { path: /proc/x }',
    ':2:15  error  data.path: cannot be used: /proc is of the kernel, and keeps no files',
  ],
  'a data folder of terminals': [
    'listeners: []\ndata: { path: /dev/pts/x }',
    ':2:15  error  data.path: cannot be used: /dev/pts is of the kernel, and keeps no files',
  ],
  'a data folder that is a link to nothing': [
    'listeners: []\ndata: { path: nothing/data }',
    ':2:15  error  data.path: cannot be used: FOLDER/nothing is a link to a folder that is not there',
  ],
  'a data folder that is a link to itself': [
    'listeners: []\ndata: { path: circle }',
    ':2:15  error  data.path: cannot be used: FOLDER/circle: its links lead in a circle',
  ],
  'a data folder of too long a name': [
    `listeners: []\ndata: { path: ${'a'.repeat(300)} }`,
    `:2:15  error  data.path: cannot be used: FOLDER/${'a'.repeat(300)}: the name is too long`,
  ],
  'a data folder whose name has a NUL': [
    'listeners: []\ndata: { path: "a\\0b" }',
    ':2:15  error  data.path: cannot be used: its name has a NUL character',
  ],
  'a principal of a role that is not there': [
    `listeners: []\nrealms:\n  - name: realm1\n    ${RULED}\nprincipals:\n  - { authid: p, role: devcie, ticket: long-secret }`,
    ':6:24  error  principals[0].role: there is no role "devcie"',
  ],
  'a role that may read, and that is not there': [
    'listeners: []\nrealms:\n  - name: realm1\n    meta: { read: [admni] }\nprincipals:\n  - { authid: p, role: admin, ticket: long-secret }',
    ':4:20  error  realms[0].meta.read[0]: there is no role "admni"',
  ],
  'a role that may control, and that is not there': [
    'listeners: []\nrealms:\n  - name: realm1\n    meta: { control: [anonymous, admni] }',
    ':4:34  error  realms[0].meta.control[1]: there is no role "admni"',
  ],
  'a role of the authorizer that is not there': [
    'listeners: []\nrealms:\n  - name: realm1\n    authorizer: { procedure: a.b, roles: [devcie] }',
    ':4:43  error  realms[0].authorizer.roles[0]: there is no role "devcie"',
  ],
  'a realm of a principal that is not there': [
    'listeners: []\nprincipals:\n  - { authid: p, role: device, realms: [nowhere], ticket: long-secret }',
    'error  principals[0].realms[0]: there is no realm nowhere',
  ],
  'two realms of one name': [
    'listeners: []\nrealms: [{ name: realm1 }, { name: realm1 }]',
    'error  realms: has two realms of the same name',
  ],
  'a file of principals that is not there': [
    'listeners: []\nprincipals: none.yaml',
    'none.yaml  error  cannot read the principals: there is no such file',
  ],
};

/** The lines of problems, without what each command says around them. */
const problemsIn = (stderr: string): string =>
  stderr
    .split('\n')
    .map(line => line.replace(/^wampway: /, ''))
    .filter(line => line !== '' && !/^the configuration cannot be used$|^\d+ mistakes? in /.test(line))
    .join('\n');

describe('check and start', { timeout: 240_000 }, () => {
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

  for (const [what, [yaml, says]] of Object.entries(broken)) {
    it(`refuse with the same words: ${what}`, async () => {
      const file = folder.file('gateway.yaml');
      writeFileSync(file, `${filled(yaml)}\n`);
      const check = new ShellRun(`exec $WAMPWAY check -c ${file}`);
      const start = new ShellRun(`exec $WAMPWAY start -c ${file}`);
      const codes = await Promise.all([check.exit(), start.exit()]);
      assert.deepEqual(codes, [2, 2], `${check.stderr}${start.stderr}${start.stdout}`);
      assert.ok(check.stderr.includes(filled(says)), check.stderr);
      assert.equal(problemsIn(start.stderr), problemsIn(check.stderr));
    });
  }

  it('refuse for the same reason: a data folder with tables and without CURRENT', async () => {
    const file = folder.file('gateway.yaml');
    writeFileSync(file, 'listeners: []\ndata: { path: tables }\n');
    const check = new ShellRun(`exec $WAMPWAY check -c ${file}`);
    const start = new ShellRun(`exec $WAMPWAY start -c ${file}`);
    assert.deepEqual(await Promise.all([check.exit(), start.exit()]), [2, 2]);
    const reason =
      'cannot be used: it has 000005.ldb but no file CURRENT: put the file back from a backup, or run "wampway data repair"';
    assert.ok(check.stderr.includes(`:2:15  error  data.path: ${reason}`), check.stderr);
    assert.ok(start.stderr.startsWith(`wampway: the data folder ${folder.file('tables')} ${reason}`), start.stderr);
  });

  it('let in what only looks like a mistake', async () => {
    const file = folder.file('gateway.yaml');
    const [other = 0] = await freePorts(1);
    for (const yaml of [
      // Free ports are no clash; nor is one port of two addresses.
      'listeners: [{ type: web, port: 0 }, { type: rawsocket, port: 0 }]\nbridges: { mqtt: { port: 0 }, cbor-tcp: { port: 0 } }',
      `listeners: [{ type: web, port: ${other} }, { type: rawsocket, host: 127.0.0.2, port: ${other} }]`,
      // Without permissions every role may do everything; with an application that knows people, any role may come.
      'listeners: []\nprincipals:\n  - { authid: p, role: whoever, ticket: long-secret }',
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

  it('warn of a principal in a file whose role does not exist, and start', async () => {
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

  it('start takes what the command line says instead of the configuration', async () => {
    const file = folder.file('gateway.yaml');
    writeFileSync(file, filled('listeners:\n  - { type: web, port: PORT1 }\n  - { type: rawsocket, port: PORT1 }\n'));
    const start = new ShellRun(`exec $WAMPWAY start -c ${file} --rawsocket-port 0`);
    await until(`the banner; so far: ${start.stderr}`, () => /is ready/.test(start.stdout), 20);
    start.child.kill();
    assert.equal(await start.exit(), 0);
  });
});
