/// <reference path="./autobahn.d.ts" />
import autobahn, { type Connection, type Invocation, type Session } from 'autobahn';
import { BrowserRequest } from './browser-request.ts';
import { type Behaviour, type Peer, PeerError, type PeerEvent, type PeerOptions, type PeerResult } from './peer.ts';

type Kwargs = Readonly<Record<string, unknown>>;

const serializers = { json: 'JSONSerializer', msgpack: 'MsgpackSerializer', cbor: 'CBORSerializer' } as const;

/** Autobahn|JS in this process. */
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

  /** Joins over HTTP, like a browser without WebSocket. */
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

  get session(): number {
    return this.#session.id;
  }

  async subscribe(topic: string, match: 'exact' | 'prefix' | 'wildcard' = 'exact', options = {}): Promise<void> {
    await this.#session.subscribe(
      topic,
      (args, kwargs, { topic, publisher, retained }) => {
        this.events.push({ topic, args: args ?? [], kwargs: { ...kwargs }, publisher, retained });
      },
      { match, ...options },
    );
  }

  async publish(topic: string, args: readonly unknown[], kwargs: Kwargs = {}, options = {}): Promise<void> {
    await this.#session.publish(topic, [...args], { ...kwargs }, { acknowledge: true, ...options });
  }

  async register(procedure: string, behaviour: Behaviour, options: PeerOptions = {}): Promise<void> {
    type Endpoint = (args: unknown[] | undefined, kwargs: object | undefined, details: Invocation) => unknown;
    const behaviours: Record<Behaviour, Endpoint> = {
      echo: (args, kwargs) => new autobahn.Result(args, kwargs),
      add: args => Number(args?.[0]) + Number(args?.[1]),
      name: () => 'autobahn-js',
      fail: (args, kwargs) => {
        throw new autobahn.Error('com.interop.failed', args, kwargs);
      },
      count: (args, _kwargs, { progress }) => {
        for (let n = 0; n < Number(args?.[0]); n++) progress?.([n]);
        return args?.[0];
      },
      caller: (_args, _kwargs, { caller }) => caller ?? 'undisclosed',
      procedure: (_args, _kwargs, { procedure }) => procedure,
      never: () => new Promise(() => {}),
    };
    await withPeerError(this.#session.register(procedure, behaviours[behaviour], options));
  }

  async call(procedure: string, args: readonly unknown[], kwargs: Kwargs = {}, options = {}): Promise<PeerResult> {
    const result = await withPeerError(this.#session.call(procedure, [...args], { ...kwargs }, options));
    if (result instanceof autobahn.Result) return { args: result.args, kwargs: result.kwargs };
    return { args: result === null || result === undefined ? [] : [result], kwargs: {} };
  }

  async callForProgress(procedure: string, args: readonly unknown[]): Promise<unknown[]> {
    const values: unknown[] = [];
    const options = { receive_progress: true };
    const call = this.#session.call(procedure, [...args], {}, options);
    const last = await call.then(undefined, undefined, value => values.push(value));
    return [...values, last];
  }

  async callAndCancel(procedure: string, begun: () => Promise<unknown>): Promise<void> {
    const call = this.#session.call(procedure);
    const over = call.then(
      () => Promise.reject(new Error('it was answered')),
      () => {},
    );
    await begun();
    // In the other modes Autobahn|JS ends the call itself, and closes the connection when it receives the router's
    // ERROR.
    call.cancel({ mode: 'kill' });
    await over;
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

/** Converts the errors of Autobahn|JS to `PeerError`. */
async function withPeerError<T>(promise: PromiseLike<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof autobahn.Error) throw new PeerError(error.error, error.args);
    throw error;
  }
}
