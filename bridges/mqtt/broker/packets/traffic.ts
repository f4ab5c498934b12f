/** Counters of the broker since its start. */
export class Traffic {
  bytesReceived = 0;
  bytesSent = 0;
  messagesReceived = 0;
  messagesSent = 0;
  publishReceived = 0;
  publishSent = 0;
  publishBytesReceived = 0;
  publishBytesSent = 0;
  connections = 0;
  /** Sessions that ended because their clients did not come back. */
  expired = 0;
}
