import { defineBridge } from '../../../src/gateway/bridge/bridge.ts';
import { Relay } from '../relay/relay.ts';
import { DropCounter } from '../report/drop-counter.ts';
import { ExternalBroker } from './external-broker.ts';
import { externalConfig } from './external-config.ts';

/** The bridge's own session on the realm. */
const SERVICE = 'wampway:mqtt-external';

/** Maps MQTT topics to WAMP topics and back, by an external broker. */
export const externalMqttBridge = defineBridge({
  name: 'mqtt-external',
  schema: externalConfig,
  namespaces: ({ prefix }) => [prefix],
  owns: ({ errors }) => [{ topic: errors, match: 'exact' }],
  async start(config, context) {
    const { log, clock } = context;
    const drops = new DropCounter(log);
    const relayConfig = { ...config, service: SERVICE, anonymous: 'none', presence: false } as const;
    const relay = await Relay.join(relayConfig, context, drops);
    let broker: ExternalBroker | undefined;
    const stop = async (): Promise<void> => {
      await broker?.[Symbol.asyncDispose]();
      await relay.stop();
    };
    try {
      broker = await ExternalBroker.open(config, { sink: relay, drops, clock, log });
      await relay.connect(broker);
      await relay.openCalls();
      broker.onForgotten(() => {
        relay
          .offerRetained()
          .catch((error: unknown) => log.warn({ reason: String(error) }, 'could not offer retained events'));
      });
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      banner: [`${config.url} as ${config.clientId}, topics as ${config.prefix}…`],
      [Symbol.asyncDispose]: stop,
    };
  },
});
