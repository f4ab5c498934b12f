import type { Duplex } from 'node:stream';
import type { PeerAddress } from '../endpoint/peer-address.ts';

/** A WebSocket of another protocol than WAMP: the bytes of its binary messages, both ways. */
export interface ForeignWebSocket {
  readonly stream: Duplex;
  /** The address of the client, which a trusted proxy may have named. */
  readonly from: PeerAddress;
  /** Tells the listener whether a session is open. Without one, the listener may evict the connection. */
  readonly serving: (open: boolean) => void;
}

type Accept = (socket: ForeignWebSocket) => void;

/** The handler of a subprotocol. */
interface Handler {
  readonly name: string;
  /** Paths beside the listener's own: `/` and a name of the same protocol. */
  readonly paths: readonly string[];
  readonly accept: Accept;
}

/** The handlers of WebSocket subprotocols other than WAMP's, by name. Bridges add and remove them. */
export class ForeignSubprotocols {
  readonly #handlers = new Map<string, Handler>();

  /**
   * Calls `accept` with the WebSockets of these subprotocols, until it is disposed. All are names of one protocol, so
   * each is accepted on the path of each: clients of MQTT 3.1 offer `mqttv3.1` on `/mqtt`. Throws if a name has a
   * handler.
   */
  claim(names: readonly string[], accept: Accept): Disposable {
    for (const name of names) {
      if (this.#handlers.has(name)) throw new Error(`WebSocket subprotocol ${name} already has a handler`);
    }
    const paths = names.map(name => `/${name}`);
    const handlers = names.map(name => ({ name, paths, accept }));
    for (const handler of handlers) this.#handlers.set(handler.name, handler);
    return {
      [Symbol.dispose]: () => {
        for (const handler of handlers) {
          if (this.#handlers.get(handler.name) === handler) this.#handlers.delete(handler.name);
        }
      },
    };
  }

  /** The subprotocols with the path `path`. */
  namesOn(path: string): string[] {
    return [...this.#handlers.values()].filter(({ paths }) => paths.includes(path)).map(({ name }) => name);
  }

  /** The handler of the first supported subprotocol in the client's list. */
  choose(offered: readonly string[]): Handler | undefined {
    for (const name of offered) {
      const handler = this.#handlers.get(name);
      if (handler !== undefined) return handler;
    }
    return undefined;
  }
}
