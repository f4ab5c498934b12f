import type { MqttClient } from 'mqtt';
import type { Clock } from '../../src/base/clock.ts';
import { reachableHost } from '../../src/base/network/address.ts';
import type { Demo } from '../../src/gateway/bridge/bridge.ts';
import type { MqttConfig } from './config/mqtt-config.ts';

const CLIENT_ID = 'demo-greenhouse';
const INTERVAL = 1_000;
const MINUTE = 60_000;
/** The broker listens in the same process, so it answers at once or never. */
const CONNECT_TIMEOUT = 5_000;

/** Simulated sensor values of a greenhouse: slow waves with noise. */
export function climateAt(milliseconds: number): { temperature: number; humidity: number; open: boolean } {
  const minutes = milliseconds / MINUTE;
  const wave = (period: number): number => Math.sin((2 * Math.PI * minutes) / period);
  const temperature = 22.5 + 2.4 * wave(11) + 0.6 * wave(1.7) + 0.15 * wave(0.13);
  const humidity = 61 - 6 * wave(11) + 2 * wave(2.9) + 0.5 * wave(0.17);
  return {
    temperature: Math.round(temperature * 100) / 100,
    humidity: Math.round(humidity * 10) / 10,
    open: wave(3) > 0.85,
  };
}

/** A climate sensor and a door contact in a greenhouse, simulated by an ordinary MQTT client. */
export const greenhouse: Demo<MqttConfig> = {
  prepare: config => config,
  async start(config, { clock, log }) {
    // Loaded on demand, because the package takes more memory than the gateway's own code.
    const { connect } = await import('mqtt');
    const client = connect({
      host: reachableHost(config.host),
      port: config.port,
      clientId: CLIENT_ID,
      connectTimeout: CONNECT_TIMEOUT,
      will: { topic: 'greenhouse/status', payload: Buffer.from('offline'), qos: 1, retain: true },
    });
    client.on('connect', () => client.publish('greenhouse/status', 'online', { qos: 1, retain: true }));
    await connected(client);
    client.on('error', error => log.warn({ reason: error.message }, 'simulated greenhouse: MQTT client error'));
    const stop = measure(client, clock);
    return {
      banner: ['greenhouse/climate/temperature, …/humidity, greenhouse/door  (MQTT client, a value a second)'],
      async [Symbol.asyncDispose]() {
        stop();
        await client.endAsync(true);
      },
    };
  },
};

/** Publishes until the returned function is called. */
function measure(client: MqttClient, clock: Clock): () => void {
  let door: boolean | undefined;
  let timer = clock.after(0, tick);
  function tick(): void {
    timer = clock.after(INTERVAL, tick);
    // Measurements are not queued while the broker is disconnected: they would be outdated.
    if (!client.connected) return;
    const { temperature, humidity, open } = climateAt(clock.now());
    client.publish('greenhouse/climate/temperature', String(temperature));
    client.publish('greenhouse/climate/humidity', String(humidity));
    if (open === door) return;
    door = open;
    client.publish('greenhouse/door', JSON.stringify({ open }), { qos: 1, retain: true });
  }
  return () => timer.cancel();
}

function connected(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('connect', () => {
      client.off('error', reject);
      resolve();
    });
    client.once('error', error => {
      client.end(true);
      reject(error);
    });
  });
}
