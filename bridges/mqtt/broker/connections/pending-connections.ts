import type { Duplex } from 'node:stream';

/** Connections whose CONNECT is not accepted yet, the longest here first; by the address and port of their far end. */
export class PendingConnections {
  readonly #streams = new Map<string, Duplex>();

  /** One has come. */
  add(address: string, stream: Duplex): void {
    this.#streams.set(address, stream);
    stream.once('close', () => {
      if (this.#streams.get(address) === stream) this.#streams.delete(address);
    });
  }

  /** The client that comes from there is let in. */
  introduced(address: string): void {
    this.#streams.delete(address);
  }

  /** Ends the one that has been here longest; false where there is none. */
  giveWay(): boolean {
    for (const [address, stream] of this.#streams) {
      this.#streams.delete(address);
      if (stream.destroyed) continue;
      stream.destroy();
      return true;
    }
    return false;
  }
}
