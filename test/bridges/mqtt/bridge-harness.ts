import { connect as connectSocket, type Socket } from 'node:net';
import type { IClientOptions, MqttClient } from 'mqtt';
import { mqttBridge } from '../../../bridges/mqtt/mqtt-bridge.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import type { RunningBridge } from '../../../src/gateway/bridge/bridge.ts';
import { TestGateway, type TestGatewayOptions } from '../../support/bridge-context.ts';
import { connectMqtt } from './broker-harness.ts';

export interface Heard {
  readonly topic: string;
  readonly args: readonly unknown[];
}

/** The MQTT bridge on a real router, on a free port, with a WAMP session on the realm. */
export class BridgeHarness implements AsyncDisposable {
  readonly gateway: TestGateway;
  readonly bridge: RunningBridge;
  /** A WAMP session of another client. */
  readonly wamp: JoinedSession;
  readonly port: number;
  readonly #clients: MqttClient[] = [];
  readonly #sockets: Socket[] = [];

  private constructor(gateway: TestGateway, bridge: RunningBridge, wamp: JoinedSession) {
    this.gateway = gateway;
    this.bridge = bridge;
    this.wamp = wamp;
    this.port = portOf(bridge);
  }

  static async start(config: Record<string, unknown> = {}, options: TestGatewayOptions = {}): Promise<BridgeHarness> {
    const parsed = mqttBridge.schema.parse({ port: 0, presence: false, ...config });
    const owned = (mqttBridge.owns?.(parsed) ?? []).map(topics => ({ ...topics, listener: 'test' }));
    const gateway = new TestGateway({ owned, ...options });
    const bridge = await mqttBridge.start(parsed, gateway.context);
    return new BridgeHarness(gateway, bridge, await gateway.join());
  }

  /** A real MQTT client, connected. */
  async client(options: IClientOptions = {}): Promise<MqttClient> {
    const client = connectMqtt(this.port, options);
    this.#clients.push(client);
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
      client.once('close', () => reject(new Error('closed before it was connected')));
    });
    return client;
  }

  async socket(): Promise<Socket> {
    const socket = connectSocket(this.port, '127.0.0.1');
    socket.on('error', () => {});
    this.#sockets.push(socket);
    await new Promise<void>(resolve => socket.once('connect', () => resolve()));
    return socket;
  }

  /** Collects the events under a prefix that the WAMP session receives from now on. */
  async hear(prefix: string): Promise<Heard[]> {
    const heard: Heard[] = [];
    const listen = ({ topic, args }: Heard): void => {
      heard.push({ topic, args });
    };
    await this.wamp.subscribe(prefix, listen, { match: 'prefix' });
    return heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.end(true);
    for (const socket of this.#sockets) socket.destroy();
    await this.bridge[Symbol.asyncDispose]();
    await this.gateway[Symbol.asyncDispose]();
  }
}

/** The port in the banner of a bridge. */
export function portOf(bridge: RunningBridge): number {
  const [, port] = /:(\d+): /.exec(bridge.banner[0] ?? '') ?? [];
  if (port === undefined) throw new Error(`no address in the banner: ${bridge.banner.join(' ')}`);
  return Number(port);
}
