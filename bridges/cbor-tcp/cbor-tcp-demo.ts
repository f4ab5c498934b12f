import type { Demo } from '../../src/gateway/bridge/bridge.ts';
import type { CborTcpConfig } from './cbor-tcp-config.ts';
import { SimulatedMeter } from './simulated-meter.ts';

const NAME = 'meter';

/** A simulated power meter that connects as any device would. */
export const cborTcpDemo: Demo<CborTcpConfig> = {
  prepare: config => config,
  async start({ host, port, tls }, { clock, log, realm, dialRawSocket }) {
    if (tls !== undefined) {
      return { banner: ['no simulated meter: it speaks no TLS'], [Symbol.asyncDispose]: () => Promise.resolve() };
    }
    const target = { host: reachable(host), port, serializer: 'cbor' } as const;
    const meter = new SimulatedMeter({ name: NAME, realm, clock, log, dial: () => dialRawSocket(target) });
    await meter.start();
    return {
      banner: [`dev.${NAME}.power.voltage, .power.current each second; call dev.${NAME}.led.set with true or false`],
      [Symbol.asyncDispose]: () => meter.stop(),
    };
  },
};

/** Where a listener on every address can be reached from here. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
