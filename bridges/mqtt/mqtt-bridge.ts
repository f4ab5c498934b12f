import { defineBridge } from '../../src/gateway/bridge.ts';
import { accessInWords } from './access.ts';
import { AedesBroker } from './aedes-broker.ts';
import { greenhouse } from './demo.ts';
import { DropCounter } from './drop-counter.ts';
import { mqttConfig } from './mqtt-config.ts';
import { Relay } from './relay.ts';

/** MQTT topics and WAMP topics, both ways, by an embedded broker. */
export const mqttBridge = defineBridge({
  name: 'mqtt',
  schema: mqttConfig,
  async start(config, context) {
    const { log, clock } = context;
    const drops = new DropCounter(log);
    const relay = await Relay.join(config, context, drops);
    let broker: AedesBroker;
    try {
      broker = await AedesBroker.listen(config, { sink: relay, drops, clock, log });
    } catch (error) {
      await relay.stop();
      throw error;
    }
    await relay.connect(broker);
    return {
      banner: [`${broker.address}: ${accessInWords(config.anonymous)}, topics as ${config.prefix}…`],
      port: broker.port,
      async [Symbol.asyncDispose]() {
        await broker[Symbol.asyncDispose]();
        await relay.stop();
      },
    };
  },
  demo: greenhouse,
});
