/** The connection of a client, as its session uses it. */
export interface SessionConnection {
  /** Whether the send buffer has capacity for more messages. */
  readonly writable: boolean;
  send(packet: Buffer): void;
  close(reason: string): void;
  /** Sends PUBLISH, which is counted. `bytes`: the size of its payload. */
  sendPublish(packet: Buffer, bytes: number): void;
  /** Sends PUBLISH at QoS 0. If too much waits for the client already, the message is dropped and counted. */
  sendAtMostOnce(packet: Buffer, bytes: number, topic: string): void;
}
