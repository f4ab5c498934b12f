import { type BridgeContext, defineBridge, type RunningBridge } from '../../src/gateway/bridge/bridge.ts';
import { type SerialConfig, serialConfig } from './config/serial-config.ts';
import { watchFile, watchNothing } from './port/path-watcher.ts';
import { portOpener, SIMULATED } from './port/port-opener.ts';
import { type PortAccess, SerialDevice } from './serial-device.ts';
import { serialRights } from './serial-rights.ts';
import { serialDemo } from './simulation/serial-demo.ts';
import { simulatedGreenhouse } from './simulation/simulated-greenhouse.ts';

/** Serial ports and their devices: lines become events, procedures become commands. */
export const serialBridge = defineBridge({
  name: 'serial',
  schema: serialConfig,
  namespaces: () => ['serial.'],
  start: (config, context) =>
    startSerialDevices(config, context, {
      open: portOpener(new Map([['greenhouse', simulatedGreenhouse(context.clock)]])),
      watch: (path, clock, changed) => (path.startsWith(SIMULATED) ? watchNothing : watchFile)(path, clock, changed),
      random: Math.random,
    }),
  rights: serialRights,
  demo: serialDemo,
});

/** A running serial bridge, with its devices in the order of the configuration. */
export interface RunningSerialBridge extends RunningBridge {
  readonly devices: readonly SerialDevice[];
}

/** Starts every port of `config`. A port that cannot be opened yet is retried. */
export async function startSerialDevices(
  config: SerialConfig,
  context: BridgeContext,
  access: PortAccess,
): Promise<RunningSerialBridge> {
  const devices: SerialDevice[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(devices.map(device => device[Symbol.asyncDispose]()));
  };
  try {
    for (const port of config.ports) devices.push(await SerialDevice.start(port, context, access));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    devices,
    banner: config.ports.map(({ id, path, line }) => `${path} at ${line.baud} baud, as serial.${id}`),
    [Symbol.asyncDispose]: stop,
  };
}
