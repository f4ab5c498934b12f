/** What one router allows, so that no session can take memory without bound. */
export interface RouterLimits {
  /** Sessions on all realms together. */
  readonly sessions: number;
  readonly subscriptionsPerSession: number;
  readonly registrationsPerSession: number;
  readonly testamentsPerSession: number;
  readonly testamentBytesPerSession: number;
  /** Calls of one session that wait for their answer. */
  readonly callsPerSession: number;
  /** Calls that wait until a callee of their registration is free. */
  readonly waitingCallsPerRegistration: number;
  /** What a realm keeps of arguments, for calls that wait and calls that another callee may have to take over. */
  readonly keptCallBytes: number;
  /** Characters of a topic, procedure or pattern. */
  readonly uriLength: number;
  /** Components of it. */
  readonly uriComponents: number;
  /** Memory for what all sessions together leave here: subscriptions, registrations, calls, testaments, decisions. */
  readonly sharedBytes: number;
  /** Milliseconds that a link may be without a session, before HELLO, while authenticating or after GOODBYE. */
  readonly helloTimeout: number;
  /** Milliseconds that the router waits for the answer to its GOODBYE. */
  readonly goodbyeTimeout: number;
}

export const defaultRouterLimits: RouterLimits = Object.freeze({
  sessions: 50_000,
  subscriptionsPerSession: 20_000,
  registrationsPerSession: 20_000,
  testamentsPerSession: 100,
  testamentBytesPerSession: 256 * 1024,
  callsPerSession: 10_000,
  waitingCallsPerRegistration: 1000,
  keptCallBytes: 64 * 1024 * 1024,
  uriLength: 4096,
  uriComponents: 200,
  sharedBytes: 256 * 1024 * 1024,
  helloTimeout: 10_000,
  goodbyeTimeout: 2_000,
});
