/** How much each scenario measures. */
export interface Effort {
  readonly rounds: number;
  readonly roundMilliseconds: number;
  readonly warmUpMilliseconds: number;
  readonly idleSessions: number;
  /** The largest table, the most sessions and so on, if a scenario measures how cost grows. */
  readonly growTo: number;
  /** Seconds during which a slow consumer does not read. */
  readonly slowSeconds: number;
  /** MQTT messages in each round. */
  readonly mqttMessages: number;
  /** Seconds that memory is watched under load. */
  readonly soakSeconds: number;
}
