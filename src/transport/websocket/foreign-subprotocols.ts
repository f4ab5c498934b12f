import type { Duplex } from 'node:stream';
import type { PeerAddress } from '../endpoint/peer-address.ts';

/** A WebSocket that does not speak WAMP: the bytes of its binary messages, both ways. */
export interface ForeignWebSocket {
  readonly stream: Duplex;
  /** Where the client is, which a trusted proxy may have said. */
  readonly from: PeerAddress;
  /** Tells the listener whether a session is open: until then, the connection may have to go for a newcomer. */
  readonly serving: (open: boolean) => void;
}

type Accept = (socket: ForeignWebSocket) => void;

/** Who takes the WebSockets of a subprotocol. */
interface Taker {
  readonly name: string;
  /** Where they may be asked for beside the listener's own paths: `/` and a name of the same protocol. */
  readonly paths: readonly string[];
  readonly accept: Accept;
}

/** Who takes WebSockets of other subprotocols than WAMP's, by their names; bridges come and go. */
export class ForeignSubprotocols {
  readonly #takers = new Map<string, Taker>();

  /**
   * Until it is disposed of, `accept` gets the WebSockets of these subprotocols. They are names of one protocol, so each is
   * spoken on the path of each: clients of MQTT 3.1 offer `mqttv3.1` on `/mqtt`.
   */
  take(names: readonly string[], accept: Accept): Disposable {
    for (const name of names) {
      if (this.#takers.has(name)) throw new Error(`WebSocket subprotocol ${name} is taken`);
    }
    const paths = names.map(name => `/${name}`);
    const takers = names.map(name => ({ name, paths, accept }));
    for (const taker of takers) this.#takers.set(taker.name, taker);
    return {
      [Symbol.dispose]: () => {
        for (const taker of takers) if (this.#takers.get(taker.name) === taker) this.#takers.delete(taker.name);
      },
    };
  }

  /** The names that are spoken on `path`, if it is a path of such a protocol. */
  namesOn(path: string): string[] {
    return [...this.#takers.values()].filter(({ paths }) => paths.includes(path)).map(({ name }) => name);
  }

  /** The first in the client's list that is taken. */
  choose(offered: readonly string[]): Taker | undefined {
    for (const name of offered) {
      const taker = this.#takers.get(name);
      if (taker !== undefined) return taker;
    }
    return undefined;
  }
}
