/** Who of several callees of one procedure is invoked. [advanced/rpc_shared_registration] */
export const invocationPolicies = ['single', 'first', 'last', 'roundrobin', 'random'] as const;
export type InvocationPolicy = (typeof invocationPolicies)[number];
