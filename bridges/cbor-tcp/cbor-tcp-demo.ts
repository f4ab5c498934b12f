import { reachableHost } from '../../src/base/network/address.ts';
import type { Demo } from '../../src/gateway/bridge/bridge.ts';
import type { CborTcpConfig } from './cbor-tcp-config.ts';
import { SimulatedMeter } from './simulated-meter.ts';

const NAME = 'meter';

/** A simulated power meter that connects as a real device would. */
export const cborTcpDemo: Demo<CborTcpConfig> = {
  prepare: config => config,
  async start({ host, port, tls }, { clock, log, realm, dialRawSocket }) {
    if (tls !== undefined) {
      return {
        banner: ['simulated meter not started: it does not support TLS'],
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    }
    const target = { host: reachableHost(host), port, serializer: 'cbor' } as const;
    const meter = new SimulatedMeter({ name: NAME, realm, clock, log, dial: () => dialRawSocket(target) });
    await meter.start();
    return {
      banner: [`dev.${NAME}.power.voltage, .power.current each second; call dev.${NAME}.led.set with true or false`],
      [Symbol.asyncDispose]: () => meter.stop(),
    };
  },
};
