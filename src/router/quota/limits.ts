/** Limits of one router. They bound the memory that sessions can use. */
export interface RouterLimits {
  /** Sessions on all realms together. */
  readonly sessions: number;
  readonly subscriptionsPerSession: number;
  readonly registrationsPerSession: number;
  readonly testamentsPerSession: number;
  readonly testamentBytesPerSession: number;
  /** Open calls of one session. */
  readonly callsPerSession: number;
  /** Calls that wait for a free callee of one registration. */
  readonly waitingCallsPerRegistration: number;
  /** Memory of a realm for the arguments of calls that wait or may be rerouted. */
  readonly keptCallBytes: number;
  /** Characters of a topic, procedure or pattern. */
  readonly uriLength: number;
  /** Components of a topic, procedure or pattern. */
  readonly uriComponents: number;
  /** Memory of all sessions together for subscriptions, registrations, calls, testaments and decisions. */
  readonly sharedBytes: number;
  /** Milliseconds that a link may exist without a session: before HELLO, during authentication, after GOODBYE. */
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
