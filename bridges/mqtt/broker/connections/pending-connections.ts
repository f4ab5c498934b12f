import type { Duplex } from 'node:stream';
import { ConnectionSlots, type Slot } from '../../../../src/base/network/connection-slots.ts';

/** Connections without an accepted CONNECT, by the address and port of their peer. */
export class PendingConnections {
  readonly #slots = new ConnectionSlots();
  readonly #byAddress = new Map<string, Slot>();
  /** Whether the last evicted connection was still open. */
  #wasOpen = false;

  /** Adds a new connection, until it closes or its CONNECT is accepted. */
  add(address: string, stream: Duplex): void {
    const slot = this.#slots.reserve(() => {
      this.#wasOpen = !stream.destroyed;
      stream.destroy();
    });
    this.#byAddress.set(address, slot);
    stream.once('close', () => {
      slot.release();
      if (this.#byAddress.get(address) === slot) this.#byAddress.delete(address);
    });
  }

  /** Removes the connection of a client whose CONNECT was accepted. */
  accepted(address: string): void {
    this.#byAddress.get(address)?.release();
    this.#byAddress.delete(address);
  }

  /** Closes the oldest pending connection. Returns false if there is none. */
  evictOldest(): boolean {
    while (this.#slots.evictOldest()) if (this.#wasOpen) return true;
    return false;
  }
}
