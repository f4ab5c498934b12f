import { EmbeddedSource, type SourceDependencies } from './broker/embedded-source.ts';
import type { MqttConfig } from './config/mqtt-config.ts';
import type { MqttSource } from './source/mqtt-source.ts';

/** A broker within this process. */
export interface OwnBroker extends MqttSource {
  readonly port: number;
  /** Where TLS is spoken, if it is. */
  readonly tlsAddress?: string | undefined;
}

/** The broker that the configuration names, listening. Rejects with what the system says, with address and port. */
export async function openBroker(config: MqttConfig, dependencies: SourceDependencies): Promise<OwnBroker> {
  if (config.broker !== 'aedes') return await EmbeddedSource.listen(config, dependencies);
  // Loaded where it is asked for: nobody else has to find room for it.
  const { AedesBroker } = await import('./aedes/aedes-broker.ts');
  return await AedesBroker.listen(config, dependencies);
}
