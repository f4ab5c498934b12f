import type { LinkReceiver } from '../../src/link/link.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { until } from './until.ts';

/** Keeps what a link delivers. `onMessage` may throw, to see what the link makes of it. */
export class RecordingReceiver implements LinkReceiver {
  readonly messages: Message[] = [];
  /** The reason of each `closed`: never more than one. */
  readonly closings: string[] = [];
  readonly unsendables: Message[] = [];
  /** What each `dropped` said. */
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

  /** Waits for `count` messages in all. */
  async received(count: number): Promise<readonly Message[]> {
    await until(`${count} messages (got ${this.messages.length})`, () => this.messages.length >= count);
    return this.messages;
  }

  /** Waits until the link is closed; gives the reason. */
  async over(): Promise<string> {
    await until('the link to close', () => this.closings.length > 0);
    return this.closings[0] ?? '';
  }
}
