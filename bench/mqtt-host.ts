import { mqttBridge } from '../bridges/mqtt/mqtt-bridge.ts';
import { systemClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/logger.ts';
import { jsonCodec } from '../src/codec/json/json-codec.ts';
import type { RunningBridge } from '../src/gateway/bridge/bridge.ts';
import { defaultLimits } from '../src/transport/endpoint/limits.ts';
import type { Listening } from '../src/transport/endpoint/listening.ts';
import { listenWeb } from '../src/transport/web-server.ts';
import { portOf } from '../test/bridges/mqtt/bridge-harness.ts';
import { TestGateway } from '../test/support/bridge-context.ts';
import type { Endpoint } from './measured-router.ts';

/** Broker, bridge and router in this process, with one port for WebSocket and RawSocket. */
export class MqttHost implements AsyncDisposable {
  readonly port: number;
  readonly endpoint: Endpoint;
  readonly #gateway: TestGateway;
  readonly #listening: Listening;
  readonly #bridge: RunningBridge;

  private constructor(gateway: TestGateway, listening: Listening, bridge: RunningBridge) {
    this.#gateway = gateway;
    this.#listening = listening;
    this.#bridge = bridge;
    this.port = portOf(bridge);
    this.endpoint = { host: '127.0.0.1', port: listening.port, path: '/' };
  }

  /** `maxQueuedBytes`: the send queue of a WAMP peer. */
  static async start(maxQueuedBytes: number, config: Record<string, unknown> = {}): Promise<MqttHost> {
    const gateway = new TestGateway();
    const listening = await listenWeb(
      {
        address: { host: '127.0.0.1', port: 0 },
        name: 'bench',
        codecs: [jsonCodec],
        limits: { ...defaultLimits, maxQueuedBytes },
        log: silentLogger,
        clock: systemClock,
      },
      link => gateway.router.attach(link),
    );
    const bridge = await mqttBridge.start(mqttBridge.schema.parse({ port: 0, ...config }), gateway.context);
    return new MqttHost(gateway, listening, bridge);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bridge[Symbol.asyncDispose]();
    await this.#listening[Symbol.asyncDispose]();
    await this.#gateway[Symbol.asyncDispose]();
  }
}
