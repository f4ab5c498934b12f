/** The entry point `wampway/bridge`: the contract between the gateway and a bridge. */
export * from '../gateway/bridge/bridge.ts';
