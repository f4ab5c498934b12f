import type { OwnedTopics } from '../../router/session/owned-topics.ts';
import type { Bridge } from '../bridge/bridge.ts';
import type { GatewayConfig } from '../config/config-schema.ts';

/** A bridge that the configuration switches on, with its section. */
export interface EnabledBridge {
  readonly bridge: Bridge;
  readonly section: unknown;
}

export function enabledBridges({ bridges: sections }: GatewayConfig, bridges: readonly Bridge[]): EnabledBridge[] {
  return bridges
    .map(bridge => ({ bridge, section: sections[bridge.name] }))
    .filter(({ section }) => section !== undefined && section !== false);
}

/** The topics that only the bridges themselves may publish. */
export function ownedTopics(enabled: readonly EnabledBridge[]): OwnedTopics[] {
  return enabled.flatMap(({ bridge, section }) =>
    (bridge.owns?.(section) ?? []).map(topics => ({ ...topics, listener: `bridge:${bridge.name}` })),
  );
}
