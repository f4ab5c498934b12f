import type { Duplex } from 'node:stream';

/** A WebSocket that does not speak WAMP: the bytes of its binary messages, both ways. */
export interface ForeignWebSocket {
  readonly stream: Duplex;
  /** For people: `192.168.1.20:51234`. */
  readonly address: string;
  /** Whether it can only be on this machine. */
  readonly loopback: boolean;
}

type Accept = (socket: ForeignWebSocket) => void;

/** Who takes WebSockets of other subprotocols than WAMP's, by their names; bridges come and go. */
export class ForeignSubprotocols {
  readonly #takers = new Map<string, Accept>();

  /** Until it is disposed of, `accept` gets the WebSockets of these subprotocols. */
  take(names: readonly string[], accept: Accept): Disposable {
    for (const name of names) {
      if (this.#takers.has(name)) throw new Error(`WebSocket subprotocol ${name} is taken`);
    }
    for (const name of names) this.#takers.set(name, accept);
    return {
      [Symbol.dispose]: () => {
        for (const name of names) if (this.#takers.get(name) === accept) this.#takers.delete(name);
      },
    };
  }

  /** The first in the client's list that somebody takes. */
  choose(offered: readonly string[]): { readonly name: string; readonly accept: Accept } | undefined {
    for (const name of offered) {
      const accept = this.#takers.get(name);
      if (accept !== undefined) return { name, accept };
    }
    return undefined;
  }
}
