import type { Demo } from '../../../src/gateway/bridge/bridge.ts';
import { portConfig, type SerialConfig } from '../config/serial-config.ts';

/** The simulated greenhouse's port, configured as for the board in examples/arduino. */
const greenhouse = {
  id: 'greenhouse',
  path: 'demo:greenhouse',
  line: '115200n81',
  publish: [{ match: '^MOISTURE (?<moisture>[\\d.]+)$', topic: '{name}' }],
  procedures: [
    {
      name: 'relay.set',
      write: 'RELAY {state}\n',
      args: [{ name: 'state', type: 'enum', values: ['on', 'off'] }],
      expect: '^OK (on|off)$',
      error: '^ERR (?<message>.*)$',
    },
  ],
};

/** Adds the simulated greenhouse to the ports, unless a port of that name is configured. */
export const serialDemo: Demo<SerialConfig> = {
  prepare(config) {
    if (config.ports.some(({ id }) => id === greenhouse.id)) return config;
    return { ...config, ports: [...config.ports, portConfig.parse(greenhouse)] };
  },

  // The device lives behind its port, as a real one would, so there is nothing to start.
  async start() {
    return {
      banner: ['serial.greenhouse: soil moisture each second; call serial.greenhouse.relay.set with on or off'],
      [Symbol.asyncDispose]: async () => {},
    };
  },
};
