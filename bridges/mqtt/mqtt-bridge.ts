import { defineBridge } from '../../src/gateway/bridge/bridge.ts';
import { inspectRecord } from './broker/durability/record-check.ts';
import { EmbeddedSource, type SourceDependencies } from './broker/embedded-source.ts';
import { clientRights } from './clients/client-rights.ts';
import { type MqttConfig, mqttConfig } from './config/mqtt-config.ts';
import { greenhouse } from './demo.ts';
import { Relay } from './relay/relay.ts';
import { DropCounter } from './report/drop-counter.ts';
import type { MqttSource } from './source/mqtt-source.ts';
import { presencePrefix } from './topics/level-spelling.ts';

/** The authid of the bridge's own session on the realm. */
const SERVICE = 'wampway:mqtt';

/** Which clients may connect, for the banner. */
const ACCESS: Record<MqttConfig['anonymous'], string> = {
  loopback: 'anonymous from this machine only',
  any: 'ANONYMOUS FROM ANYWHERE',
  none: 'principals only',
};

/** A broker in this process. */
export interface OwnBroker extends MqttSource {
  readonly port: number;
  /** The address of the TLS listener, if there is one. */
  readonly tlsAddress?: string | undefined;
}

/** Maps MQTT topics to WAMP topics, in both directions, with an embedded broker. */
export const mqttBridge = defineBridge({
  name: 'mqtt',
  schema: mqttConfig,
  namespaces: ({ prefix }) => [prefix],
  owns: ({ prefix, errors }) => [
    { topic: presencePrefix(prefix), match: 'prefix' },
    { topic: errors, match: 'exact' },
  ],
  async start(config, context) {
    const { log, clock, ages, store } = context;
    const drops = new DropCounter(log);
    const relay = await Relay.join({ ...config, service: SERVICE }, context, drops);
    let broker: OwnBroker | undefined;
    const stop = async (): Promise<void> => {
      // The broker is closed first, so that the last messages and wills of its clients are published in their sessions.
      await broker?.[Symbol.asyncDispose]();
      await relay.stop();
    };
    try {
      const { refusals } = context;
      const dependencies = { sink: relay, drops, clock, ages, log, store, refusals, network: context };
      broker = await openBroker(config, dependencies);
      await relay.connect(broker);
    } catch (error) {
      await stop();
      throw error;
    }
    const { address, tlsAddress, port } = broker;
    const spoken = tlsAddress === undefined ? address : `${address}, with TLS ${tlsAddress}`;
    return {
      banner: [`${spoken}: ${ACCESS[config.anonymous]}, topics as ${config.prefix}…`],
      port,
      [Symbol.asyncDispose]: stop,
    };
  },
  listens: ({ host, port, tls }) => [
    { host, port, path: ['port'] },
    ...(tls === undefined ? [] : [{ host: tls.host ?? host, port: tls.port, path: ['tls', 'port'] }]),
  ],
  rights: clientRights,
  demo: greenhouse,
  inspect: inspectRecord,
});

/** Opens the broker that the configuration selects. Rejects with the system error, which contains the address and port. */
export async function openBroker(config: MqttConfig, dependencies: SourceDependencies): Promise<OwnBroker> {
  if (config.broker !== 'aedes') return await EmbeddedSource.listen(config, dependencies);
  // Loaded on demand, because the package takes memory.
  const { AedesBroker } = await import('./aedes/aedes-broker.ts');
  return await AedesBroker.listen(config, dependencies);
}
