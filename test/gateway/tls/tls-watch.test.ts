import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { cborTcpBridge } from '../../../bridges/cbor-tcp/cbor-tcp-bridge.ts';
import { mqttBridge } from '../../../bridges/mqtt/mqtt-bridge.ts';
import { ClientSession } from '../../../src/client/session/client-session.ts';
import { codecNamed } from '../../../src/codec/codecs.ts';
import { parseConfig } from '../../../src/gateway/config/load-config.ts';
import { Gateway } from '../../../src/gateway/gateway.ts';
import { dial } from '../../../src/transport/dial.ts';
import { Certificates } from '../../support/certificates.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { until } from '../../support/until.ts';

let first: Certificates;
let second: Certificates;
before(async () => {
  [first, second] = await Promise.all([Certificates.make('pump'), Certificates.make('pump')]);
});
after(() => {
  first[Symbol.dispose]();
  second[Symbol.dispose]();
});

async function connected(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** The fingerprint of the certificate for new connections. */
async function shown(port: number): Promise<string> {
  const socket = await connected(port, {});
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

async function running(files: Certificates, log: RecordingLogger) {
  const tls = { cert: files.path('server.pem'), key: files.path('server.key') };
  const config = {
    listeners: [
      { type: 'web', port: 0, tls: { ...tls, clientCertificates: 'request', clientCa: files.path('ca.pem') } },
      { type: 'rawsocket', port: 0, tls },
    ],
    principals: [{ authid: 'pump', role: 'device', certificates: [{ subject: 'CN=pump' }] }],
    bridges: { 'cbor-tcp': { port: 0, tls }, mqtt: { port: 0, tls: { ...tls, port: 0 } } },
  };
  const gateway = new Gateway(parseConfig(config, [cborTcpBridge, mqttBridge]), {
    bridges: [cborTcpBridge, mqttBridge],
    log,
  });
  await gateway.start();
  const banner = gateway.bridges.flatMap(bridge => bridge.banner).join('\n');
  const mqtt = Number(/with TLS [^ ]+:(\d+)/.exec(banner)?.[1]);
  const cbor = Number(/^127\.0\.0\.1:(\d+): RawSocket/m.exec(banner)?.[1]);
  return { gateway, ports: [...gateway.listeners.map(({ port }) => port), cbor, mqtt] };
}

describe('TLS certificates', () => {
  it('are reloaded on every listener when their files change, and no connection ends', async () => {
    using files = await Certificates.make('pump');
    const log = new RecordingLogger();
    const { gateway, ports } = await running(files, log);
    await using _ = gateway;
    const [web = 0] = ports;
    const old = await shown(web);
    for (const port of ports) assert.equal(await shown(port), old);
    const own = { ca: files.read('ca.pem'), cert: files.read('pump.pem'), key: files.read('pump.key') };
    const link = await dial(`wss://localhost:${web}/ws`, { codec: codecNamed('json'), tls: own });
    const session = await ClientSession.join(link, { realm: 'realm1', authid: 'pump', authmethods: ['tls'] });
    await session.register('com.example.echo', ({ args }) => args[0]);

    // The certificate is written before its key, in two parts.
    const pem = second.read('server.pem');
    writeFileSync(files.path('server.pem'), pem.slice(0, 200));
    await until('half a certificate is logged', () => log.at('error').length >= 4);
    assert.equal(await shown(web), old);
    writeFileSync(files.path('server.pem'), pem);
    await until('a missing key is logged', () =>
      log.at('error').some(({ fields }) => String(fields['problem']).includes('does not belong')),
    );
    for (const port of ports) assert.equal(await shown(port), old);
    copyFileSync(second.path('ca.pem'), files.path('ca.pem'));
    copyFileSync(second.path('server.key'), files.path('fresh.key'));
    renameSync(files.path('fresh.key'), files.path('server.key'));
    for (const port of ports) await until('the new certificate is shown', async () => (await shown(port)) !== old);

    assert.deepEqual((await session.call('com.example.echo', { args: ['still here'] })).args, ['still here']);
    // Clients of the new authority are accepted, and those of the old one are rejected.
    const theirs = { ca: second.read('ca.pem'), cert: second.read('pump.pem'), key: second.read('pump.key') };
    const join = async (tls: { ca: string; cert: string; key: string }): Promise<ClientSession> => {
      const fresh = await dial(`wss://localhost:${web}/ws`, { codec: codecNamed('json'), tls });
      return ClientSession.join(fresh, { realm: 'realm1', authid: 'pump', authmethods: ['tls'] });
    };
    await until('the new authority is trusted', () =>
      join(theirs).then(
        joined => joined.leave().then(() => true),
        () => false,
      ),
    );
    await assert.rejects(join({ ...own, ca: theirs.ca }), /authentication_denied/);
    // One line for each problem of each listener, without repetitions.
    const told = log.at('error').map(({ fields }) => JSON.stringify([fields['listener'], fields['problem']]));
    assert.equal(new Set(told).size, told.length);
  });

  it('accept no version older than TLS 1.2', async () => {
    const { gateway, ports } = await running(first, new RecordingLogger());
    await using _ = gateway;
    for (const port of ports) {
      const socket = await connected(port, { maxVersion: 'TLSv1.2' });
      assert.equal(socket.getProtocol(), 'TLSv1.2');
      socket.destroy();
      // This client accepts the old versions itself.
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      await assert.rejects(connected(port, old), /protocol version|unsupported protocol|ECONNRESET/i);
    }
  });
});
