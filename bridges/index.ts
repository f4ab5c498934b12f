import type { Bridge } from '../src/gateway/bridge/bridge.ts';
import { cborTcpBridge } from './cbor-tcp/cbor-tcp-bridge.ts';
import { externalMqttBridge } from './mqtt/external/external-bridge.ts';
import { mqttBridge } from './mqtt/mqtt-bridge.ts';
import { serialBridge } from './serial/serial-bridge.ts';

/** All bridges. The name of each is its key in the configuration. A new bridge is a folder and a line here. */
export const bridges: readonly Bridge[] = [mqttBridge, externalMqttBridge, cborTcpBridge, serialBridge];
