import { defineBridge } from '../../src/gateway/bridge/bridge.ts';
import { cborTcpConfig } from './cbor-tcp-config.ts';
import { cborTcpDemo } from './cbor-tcp-demo.ts';
import { DeviceGate } from './device-gate.ts';
import { DEVICES } from './device-namespace.ts';

const who = {
  loopback: 'devices on this machine by name, principals',
  any: 'ANY DEVICE BY NAME, principals',
  none: 'principals',
} as const;

/** Devices that speak WAMP: RawSocket over TCP with CBOR, each in its own namespace `dev.{authid}.`. */
export const cborTcpBridge = defineBridge({
  name: 'cbor-tcp',
  schema: cborTcpConfig,
  namespaces: () => [DEVICES],
  async start(config, context) {
    const { host, port, maxMessageSize, anonymous, tls } = config;
    const gate = new DeviceGate(config, context);
    const listening = await context.listenRawSocket(
      { host, port, serializers: ['cbor'], maxMessageSize, ...(tls !== undefined && { tls: context.readTls(tls) }) },
      link => gate.accept(link),
    );
    return {
      banner: [`${listening.address}: RawSocket in CBOR, ${who[anonymous]}, as dev.{authid}.…`],
      port: listening.port,
      async [Symbol.asyncDispose]() {
        // The listener stops first. Its closing waits for the connections, which the gate ends.
        const closed = listening[Symbol.asyncDispose]();
        gate.close();
        await closed;
      },
    };
  },
  listens: ({ host, port }) => [{ host, port, path: ['port'] }],
  rights({ anonymous }) {
    if (anonymous === 'none') return [];
    const devices = 'cbor-tcp devices admitted by name';
    return [{ devices, role: 'device', uri: 'dev.{authid}.', match: 'prefix', needs: ['publish'], also: ['register'] }];
  },
  demo: cborTcpDemo,
});
