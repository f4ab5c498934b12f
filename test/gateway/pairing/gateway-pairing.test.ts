import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { connectAsync, type IClientOptions } from 'mqtt';
import { cborTcpBridge } from '../../../bridges/cbor-tcp/cbor-tcp-bridge.ts';
import { mqttBridge } from '../../../bridges/mqtt/mqtt-bridge.ts';
import { pairCommand } from '../../../src/cli/keys/pair.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { ClientSession } from '../../../src/client/session/client-session.ts';
import { codecNamed } from '../../../src/codec/codecs.ts';
import { loadConfig } from '../../../src/gateway/config/load-config.ts';
import { Gateway } from '../../../src/gateway/gateway.ts';
import { ticketLogin } from '../../../src/public/client.ts';
import { dial } from '../../../src/transport/dial.ts';
import { Folder } from '../../support/folder.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { until } from '../../support/until.ts';

const bridges = [mqttBridge, cborTcpBridge];

const yaml = `
principals: principals.yaml
realms: [{ name: realm1, meta: { control: loopback } }]
listeners: [{ type: web, port: 0 }]
bridges: { mqtt: { port: 0, anonymous: none }, cbor-tcp: { port: 0, anonymous: none } }
`;

describe('wampway pair', () => {
  it('admits and keeps devices of MQTT and cbor-tcp, and refuses devices before and after', async () => {
    using folder = new Folder();
    const principals = join(folder.path, 'principals.yaml');
    writeFileSync(principals, 'version: 1\nprincipals: []\n', { mode: 0o600 });
    const file = join(folder.path, 'gateway.yaml');
    writeFileSync(file, yaml);
    const log = new RecordingLogger();
    await using gateway = new Gateway(loadConfig({ file, environment: {}, bridges }), { bridges, log });
    await gateway.start();
    const port = (bridge: string): string =>
      /:(\d+):/.exec(gateway.bridges.find(({ name }) => name === bridge)?.banner[0] ?? '')?.[1] ?? assert.fail();
    const mqtt = (options: IClientOptions) =>
      connectAsync(`mqtt://127.0.0.1:${port('mqtt')}`, { reconnectPeriod: 0, ...options });
    const device = async (authid: string, ticket?: string): Promise<ClientSession> => {
      const link = await dial(`tcp://127.0.0.1:${port('cbor-tcp')}`, { codec: codecNamed('cbor') });
      return ClientSession.join(link, { realm: 'realm1', authid, ...(ticket && { logins: [ticketLogin(ticket)] }) });
    };

    // Before the window opens.
    await assert.rejects(mqtt({ clientId: 'pump-1', username: 'pump', password: 'mine' }));
    await assert.rejects(device('meter', 'hers'), /denied|no_matching/);
    const told = log.at('warn').filter(({ text }) => text === 'unknown device turned away');
    assert.deepEqual(
      told.map(({ fields }) => fields['device']),
      ['pump', 'meter'],
    );

    const stop = new AbortController();
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    let printed = '';
    stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    let said = '';
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const program = { name: 'wampway', summary: '', version: '0', commands: [pairCommand] };
    const io = { stdout, stderr, stdin: new PassThrough(), signal: stop.signal };
    const url = `ws://127.0.0.1:${gateway.listeners[0]?.port}/ws`;
    const command = runProgram(program, ['pair', '--minutes', '1', '--url', url], io);
    await until('it is open', () => said.includes('connect the devices now'));

    await (await mqtt({ clientId: 'pump-1', username: 'pump', password: 'mine' })).endAsync();
    const meter = await device('meter', 'hers');
    assert.deepEqual([meter.welcome['authrole'], meter.welcome['authmethod']], ['device', 'ticket']);
    await meter.leave();
    await assert.rejects(mqtt({ clientId: 'lamp' }));
    await assert.rejects(device('relay'), /authentication_required/);
    const password = (name: string) => new RegExp(`user name ${name}, password ([\\w-]+)`).exec(printed)?.[1];
    const [lamp, relay] = [
      await until('the password of the lamp', () => password('lamp')),
      await until('the password of the relay', () => password('relay')),
    ];
    await until('all are written', () => (readFileSync(principals, 'utf8').match(/authid/g) ?? []).length === 4);
    assert.match(printed, /^pump from 127\.0\.0\.1, client id pump-1$/m);
    stop.abort();
    assert.equal(await command, 0);
    await until('it is over', () => log.lines.some(({ text }) => text === 'pairing closed'));

    // After the window closed, only recorded devices are admitted.
    await (await mqtt({ clientId: 'pump-1', username: 'pump', password: 'mine' })).endAsync();
    await (await mqtt({ clientId: 'lamp', username: 'lamp', password: lamp })).endAsync();
    await (await device('meter', 'hers')).leave();
    await (await device('relay', relay)).leave();
    await assert.rejects(mqtt({ clientId: 'pump-1', username: 'pump', password: 'hers' }));
    await assert.rejects(mqtt({ clientId: 'other', username: 'pump', password: 'mine' }));
    await assert.rejects(mqtt({ clientId: 'late', username: 'late', password: 'mine' }));
    await assert.rejects(device('late', 'x'), /denied/);
    const text = readFileSync(principals, 'utf8');
    assert.equal(statSync(principals).mode & 0o777, 0o600);
    for (const secret of ['mine', 'hers', lamp, relay]) {
      assert.ok(!text.includes(secret));
      assert.ok(!JSON.stringify(log.lines).includes(`"${secret}"`));
    }
  });

  it('is allowed for callers with meta.control', async () => {
    await using gateway = new Gateway(
      loadConfig({
        file: undefined,
        environment: { WAMPWAY_LISTENERS__0__PORT: '0', WAMPWAY_LISTENERS__1__PORT: '0' },
        bridges: [],
      }),
      { bridges: [] },
    );
    await gateway.start();
    const link = await dial(`ws://127.0.0.1:${gateway.listeners[0]?.port}/ws`, { codec: codecNamed('json') });
    const session = await ClientSession.join(link, { realm: 'realm1' });
    for (const verb of ['open', 'list', 'close']) {
      await assert.rejects(session.call(`wampway.pairing.${verb}`), /not_authorized/);
    }
    await session.leave();
  });
});
