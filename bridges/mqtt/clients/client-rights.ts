import type { DeviceRights } from '../../../src/gateway/bridge/bridge.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import { RuleBook } from '../rules/rule-book.ts';
import { DEVICE_ROLE } from './client-sessions.ts';

/** The rights on the realm that the bridge uses for MQTT clients without credentials. */
export function clientRights({ anonymous, prefix, rules, uris, calls }: MqttConfig): readonly DeviceRights[] {
  if (anonymous === 'none') return [];
  const clients = { devices: 'MQTT clients without credentials', role: DEVICE_ROLE } as const;
  const needs = ['publish'] as const;
  const isCalled = calls.own || calls.presets.length > 0 || calls.schemes.length > 0;
  const also = isCalled ? (['subscribe', 'register'] as const) : (['subscribe'] as const);
  return [
    // Even without `mirror`, permissions to publish and subscribe topics are checked under the prefix.
    { ...clients, uri: prefix, match: 'prefix' as const, needs, also },
    ...new RuleBook(rules, undefined, uris).destinations.map(({ topic, match }) => ({
      ...clients,
      ...{ uri: topic, match, needs },
    })),
  ];
}
