import { AedesBroker } from './aedes/aedes-broker.ts';
import { EmbeddedSource, type SourceParts } from './broker/embedded-source.ts';
import type { MqttConfig } from './mqtt-config.ts';
import type { MqttSource } from './mqtt-source.ts';

/** A broker within this process. */
export interface OwnBroker extends MqttSource {
  readonly port: number;
  /** Where TLS is spoken, if it is. */
  readonly tlsAddress?: string | undefined;
}

/** The broker that the configuration names, listening. Rejects with what the system says, with address and port. */
export function openBroker(config: MqttConfig, parts: SourceParts): Promise<OwnBroker> {
  return config.broker === 'aedes' ? AedesBroker.listen(config, parts) : EmbeddedSource.listen(config, parts);
}
