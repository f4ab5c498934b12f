import assert from 'node:assert/strict';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { cborTcpBridge } from '../../bridges/cbor-tcp/cbor-tcp-bridge.ts';
import { mqttBridge } from '../../bridges/mqtt/mqtt-bridge.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { ClientSession, type SessionOptions } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import type { ConfigInput } from '../../src/gateway/config/config-schema.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { ticketLogin } from '../../src/public/client.ts';
import { dial } from '../../src/transport/dial.ts';
import type { BarePorts } from '../support/bare-peer.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

const bridges = [mqttBridge, cborTcpBridge];

export const PRIVATE_KEY = '04c32ac48ec8e5cadfea1f3dd806c302c3c53f6f76718ed658a1d522f4276403';
const PUBLIC_KEY = '2568578f59cbb08880a534b1be36d7f01164d4c52d90ee981cc4f9f1912bffc5';

const roles = {
  admin: { permissions: [{ uri: '', match: 'prefix', allow: ['publish', 'subscribe', 'call', 'register'] }] },
  device: {
    permissions: [
      { uri: 'dev.{authid}.', match: 'prefix', allow: ['publish', 'register'] },
      { uri: 'mqtt.dev.{authid}.', match: 'prefix', allow: ['publish'] },
    ],
  },
} as const;

const principals = [
  { authid: 'admin', role: 'admin', ticket: 'admin-secret' },
  { authid: 'pump', role: 'device', ticket: 'pump-secret' },
  { authid: 'lamp', role: 'device', ticket: 'lamp-secret' },
  { authid: 'cra', role: 'admin', wampcra: { secret: 'cra-secret' } },
  { authid: 'scram', role: 'admin', scram: { password: 'scram-secret' } },
  { authid: 'sign', role: 'admin', cryptosign: [PUBLIC_KEY] },
  { authid: 'both', role: 'admin', wampcra: { secret: 'both-secret' }, ticket: 'both-ticket' },
];

/** The gateway under attack. Its two realms require credentials, and its devices are confined to their names. */
export class GatewayFixture implements AsyncDisposable {
  readonly gateway: Gateway;
  readonly log: RecordingLogger;

  private constructor(gateway: Gateway, log: RecordingLogger) {
    this.gateway = gateway;
    this.log = log;
  }

  static async start(input: Partial<ConfigInput> = {}, clock: Clock = systemClock): Promise<GatewayFixture> {
    const log = new RecordingLogger();
    const config = {
      realms: [
        { name: 'home', anonymous: 'none', cookies: true, roles },
        { name: 'vault', anonymous: 'none', cookies: true, roles },
      ],
      principals,
      limits: { failedLogins: { perPrincipal: 1000 } },
      listeners: [
        { type: 'web', port: 0 },
        { type: 'rawsocket', port: 0 },
      ],
      bridges: { mqtt: { port: 0, anonymous: 'none' }, 'cbor-tcp': { port: 0, anonymous: 'none' } },
      ...input,
    };
    const gateway = new Gateway(parseConfig(config, bridges), { bridges, log, clock });
    await gateway.start();
    return new GatewayFixture(gateway, log);
  }

  get ports(): BarePorts & { readonly mqtt: number; readonly device: number } {
    const [web = 0, rawSocket = 0] = this.gateway.listeners.map(({ port }) => port);
    return { web, rawSocket, mqtt: this.#port('mqtt'), device: this.#port('cbor-tcp') };
  }

  /** Joins as a principal with its ticket, over WebSocket. */
  async join(authid: string, options: Partial<SessionOptions> = {}): Promise<ClientSession> {
    const link = await dial(`ws://127.0.0.1:${this.ports.web}/ws`, { codec: codecNamed('json') });
    return ClientSession.join(link, { realm: 'home', authid, logins: [ticketLogin(`${authid}-secret`)], ...options });
  }

  /** Joins as a device of the cbor-tcp bridge. */
  async device(authid: string, ticket = `${authid}-secret`): Promise<ClientSession> {
    const link = await dial(`tcp://127.0.0.1:${this.ports.device}`, { codec: codecNamed('cbor') });
    return ClientSession.join(link, { realm: 'home', authid, logins: [ticketLogin(ticket)] });
  }

  mqtt(username: string, options: IClientOptions = {}): Promise<MqttClient> {
    return connectAsync(`mqtt://127.0.0.1:${this.ports.mqtt}`, {
      ...{ clientId: username, username, password: `${username}-secret`, reconnectPeriod: 0, protocolVersion: 4 },
      ...options,
    });
  }

  /** Asserts that an honest client can join, register a procedure and call it. */
  async assertHealthy(): Promise<void> {
    const admin = await this.join('admin');
    await admin.register('test.echo', ({ args }) => args[0]);
    assert.deepEqual((await admin.call('test.echo', { args: ['well'] })).args, ['well']);
    await admin.leave();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.gateway.stop();
  }

  #port(bridge: string): number {
    const banner = this.gateway.bridges.find(({ name }) => name === bridge)?.banner[0];
    return Number(/:(\d+):/.exec(banner ?? '')?.[1] ?? assert.fail(`no port in ${banner}`));
  }
}
