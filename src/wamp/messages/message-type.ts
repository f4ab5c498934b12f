/** Message codes. [basic/messages], [advanced/messages] */
export const MessageType = {
  Hello: 1,
  Welcome: 2,
  Abort: 3,
  Challenge: 4,
  Authenticate: 5,
  Goodbye: 6,
  Error: 8,
  Publish: 16,
  Published: 17,
  Subscribe: 32,
  Subscribed: 33,
  Unsubscribe: 34,
  Unsubscribed: 35,
  Event: 36,
  EventReceived: 337,
  Call: 48,
  Cancel: 49,
  Result: 50,
  Register: 64,
  Registered: 65,
  Unregister: 66,
  Unregistered: 67,
  Invocation: 68,
  Interrupt: 69,
  Yield: 70,
} as const;

export type MessageType = (typeof MessageType)[keyof typeof MessageType];

const names = new Map<number, string>(Object.entries(MessageType).map(([name, code]) => [code, name.toUpperCase()]));

/** `PUBLISH` for 16; `message 99` for a code that has no name. */
export function messageName(type: number): string {
  return names.get(type) ?? `message ${type}`;
}
