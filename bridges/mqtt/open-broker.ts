import { EmbeddedSource, type SourceDependencies } from './broker/embedded-source.ts';
import type { MqttConfig } from './config/mqtt-config.ts';
import type { MqttSource } from './source/mqtt-source.ts';

/** A broker in this process. */
export interface OwnBroker extends MqttSource {
  readonly port: number;
  /** The address of the TLS listener, if there is one. */
  readonly tlsAddress?: string | undefined;
}

/**
 * Opens the broker that the configuration selects. Rejects with the system error, which contains the address and port.
 */
export async function openBroker(config: MqttConfig, dependencies: SourceDependencies): Promise<OwnBroker> {
  if (config.broker !== 'aedes') return await EmbeddedSource.listen(config, dependencies);
  // Loaded on demand, because the package takes memory.
  const { AedesBroker } = await import('./aedes/aedes-broker.ts');
  return await AedesBroker.listen(config, dependencies);
}
