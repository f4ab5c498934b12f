/// <reference path="./autobahn.d.ts" />
import autobahn, { type Connection, type Session } from 'autobahn';
import { BrowserRequest } from './browser-request.ts';
import { type Behaviour, type Peer, PeerError, type PeerEvent, type PeerResult } from './peer.ts';

type Kwargs = Readonly<Record<string, unknown>>;

const serializers = { json: 'JSONSerializer', msgpack: 'MsgpackSerializer', cbor: 'CBORSerializer' } as const;

/** Autobahn|JS, in this process. */
export class AutobahnJsPeer implements Peer {
  readonly name: string;
  readonly events: PeerEvent[] = [];
  readonly #connection: Connection;
  readonly #session: Session;

  private constructor(name: string, connection: Connection, session: Session) {
    this.name = name;
    this.#connection = connection;
    this.#session = session;
  }

  static async join(url: string, serializer: keyof typeof serializers): Promise<AutobahnJsPeer> {
    const Serializer = autobahn.serializer[serializers[serializer]];
    return AutobahnJsPeer.#open({ url, serializers: [new Serializer()] }, `autobahn-js ${serializer}`);
  }

  /** Over HTTP, as in a browser that has no WebSocket. */
  static async poll(url: string): Promise<AutobahnJsPeer> {
    Object.assign(globalThis, { XMLHttpRequest: BrowserRequest });
    return AutobahnJsPeer.#open({ transports: [{ type: 'longpoll', url }] }, 'autobahn-js long-poll');
  }

  static async #open(where: object, name: string): Promise<AutobahnJsPeer> {
    const connection = new autobahn.Connection({ ...where, realm: 'realm1', max_retries: 0 });
    const session = await new Promise<Session>((opened, failed) => {
      connection.onopen = opened;
      connection.onclose = (reason, details) => {
        failed(new Error(`autobahn: ${reason} ${details.reason ?? ''}`));
        return true;
      };
      connection.open();
    });
    return new AutobahnJsPeer(name, connection, session);
  }

  async subscribe(topic: string, match: 'exact' | 'prefix' | 'wildcard' = 'exact'): Promise<void> {
    await this.#session.subscribe(
      topic,
      (args, kwargs, details) => {
        this.events.push({ topic: details.topic, args: args ?? [], kwargs: { ...kwargs } });
      },
      { match },
    );
  }

  async publish(topic: string, args: readonly unknown[], kwargs: Kwargs = {}): Promise<void> {
    await this.#session.publish(topic, [...args], { ...kwargs }, { acknowledge: true });
  }

  async register(procedure: string, behaviour: Behaviour): Promise<void> {
    const behaviours: Record<Behaviour, (args: unknown[] | undefined, kwargs: object | undefined) => unknown> = {
      echo: (args, kwargs) => new autobahn.Result(args, kwargs),
      add: args => Number(args?.[0]) + Number(args?.[1]),
      name: () => 'autobahn-js',
      fail: (args, kwargs) => {
        throw new autobahn.Error('com.interop.failed', args, kwargs);
      },
    };
    await this.#session.register(procedure, behaviours[behaviour]);
  }

  async call(procedure: string, args: readonly unknown[], kwargs: Kwargs = {}): Promise<PeerResult> {
    try {
      const result = await this.#session.call(procedure, [...args], { ...kwargs });
      if (result instanceof autobahn.Result) return { args: result.args, kwargs: result.kwargs };
      return { args: result === null || result === undefined ? [] : [result], kwargs: {} };
    } catch (error) {
      if (error instanceof autobahn.Error) throw new PeerError(error.error, error.args);
      throw error;
    }
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => {
      this.#connection.onclose = () => {
        resolve();
        return true;
      };
    });
    this.#connection.close();
    await closed;
  }
}
