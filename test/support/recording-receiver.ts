import type { LinkReceiver } from '../../src/link/link.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { until } from './until.ts';

/** Records the deliveries of a link. `onMessage` may throw, to test how the link reacts. */
export class RecordingReceiver implements LinkReceiver {
  readonly messages: Message[] = [];
  /** The reason of each `closed` call. There must be at most one. */
  readonly closings: string[] = [];
  readonly unsendables: Message[] = [];
  /** The count of each `dropped` call. */
  readonly drops: number[] = [];
  onMessage: ((message: Message) => void) | undefined;
  onClosed: (() => void) | undefined;

  message(message: Message): void {
    this.messages.push(message);
    this.onMessage?.(message);
  }

  closed(reason: string): void {
    this.closings.push(reason);
    this.onClosed?.();
  }

  unsendable(message: Message): void {
    this.unsendables.push(message);
  }

  dropped(count: number): void {
    this.drops.push(count);
  }

  /** Waits for `count` messages in total. */
  async received(count: number): Promise<readonly Message[]> {
    await until(`${count} messages (got ${this.messages.length})`, () => this.messages.length >= count);
    return this.messages;
  }

  /** Waits until the link is closed. Returns the reason. */
  async over(): Promise<string> {
    await until('the link to close', () => this.closings.length > 0);
    return this.closings[0] ?? '';
  }
}
