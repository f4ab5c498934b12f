import { defineBridge } from '../../src/gateway/bridge.ts';
import { accessInWords } from './access.ts';
import { inspectRecord } from './broker/record-check.ts';
import { clientRights } from './client-rights.ts';
import { greenhouse } from './demo.ts';
import { DropCounter } from './drop-counter.ts';
import { mqttConfig } from './mqtt-config.ts';
import { type OwnBroker, openBroker } from './open-broker.ts';
import { presencePrefix } from './presence.ts';
import { Relay } from './relay.ts';

/** The bridge itself on the realm. */
const SERVICE = 'wampway:mqtt';

/** MQTT topics and WAMP topics, both ways, by an embedded broker. */
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
      // First the broker: its clients' last words still have their sessions.
      await broker?.[Symbol.asyncDispose]();
      await relay.stop();
    };
    try {
      const { refusals } = context;
      const parts = { sink: relay, drops, clock, ages, log, store, refusals, network: context };
      broker = await openBroker(config, parts);
      await relay.connect(broker);
    } catch (error) {
      await stop();
      throw error;
    }
    const { address, tlsAddress, port } = broker;
    const spoken = tlsAddress === undefined ? address : `${address}, with TLS ${tlsAddress}`;
    return {
      banner: [`${spoken}: ${accessInWords(config.anonymous)}, topics as ${config.prefix}…`],
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
