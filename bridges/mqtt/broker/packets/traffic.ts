/** What the broker counts, from its start on. */
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
  /** Sessions that ended because nobody came back for them. */
  expired = 0;
}
