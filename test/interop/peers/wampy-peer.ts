import { Wampy } from 'wampy';
import { CborSerializer } from 'wampy/CborSerializer.js';
import { JsonSerializer } from 'wampy/JsonSerializer.js';
import { MsgpackSerializer } from 'wampy/MsgpackSerializer.js';
import { WebSocket } from 'ws';
import { type Behaviour, type Peer, PeerError, type PeerEvent, type PeerOptions, type PeerResult } from './peer.ts';

type Kwargs = Readonly<Record<string, unknown>>;

interface WampyPayload {
  readonly argsList?: unknown[];
  readonly argsDict?: Record<string, unknown>;
  readonly details?: {
    readonly topic?: string;
    readonly publisher?: number;
    readonly retained?: boolean;
    readonly caller?: number;
    readonly procedure?: string;
    readonly receive_progress?: boolean;
  };
  readonly result_handler?: (result: InvocationResult) => void;
}

interface InvocationResult {
  readonly argsList?: unknown[];
  readonly argsDict?: Record<string, unknown>;
  readonly options?: { readonly progress?: boolean };
}

const serializers = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };

/** wampy in this process. */
export class WampyPeer implements Peer {
  readonly name: string;
  readonly events: PeerEvent[] = [];
  readonly #wampy: Wampy;

  private constructor(name: string, wampy: Wampy) {
    this.name = name;
    this.#wampy = wampy;
  }

  static async join(url: string, serializer: keyof typeof serializers): Promise<WampyPeer> {
    const wampy = new Wampy(url, {
      realm: 'realm1',
      // This is the class from wampy's documentation. Only its declared constructor differs.
      ws: WebSocket as never,
      serializer: new serializers[serializer](),
      autoReconnect: false,
    });
    await wampy.connect();
    return new WampyPeer(`wampy ${serializer}`, wampy);
  }

  get session(): number {
    return Number(this.#wampy.getSessionId());
  }

  async subscribe(topic: string, match: 'exact' | 'prefix' | 'wildcard' = 'exact', options = {}): Promise<void> {
    await this.#wampy.subscribe(
      topic,
      ({ argsList, argsDict, details }: WampyPayload) => {
        const { topic: concrete = topic, publisher, retained } = details ?? {};
        const whose = publisher === undefined ? undefined : Number(publisher);
        this.events.push({
          topic: concrete,
          args: plain(argsList),
          kwargs: argsDict ?? {},
          publisher: whose,
          retained,
        });
      },
      { ...(match === 'exact' ? {} : { match }), ...options },
    );
  }

  async publish(topic: string, args: readonly unknown[], kwargs: Kwargs = {}, options = {}): Promise<void> {
    await this.#wampy.publish(topic, { argsList: [...args], argsDict: { ...kwargs } }, options);
  }

  async register(procedure: string, behaviour: Behaviour, options: PeerOptions = {}): Promise<void> {
    type Answer = InvocationResult | Promise<InvocationResult>;
    const behaviours: Record<Behaviour, (payload: WampyPayload) => Answer> = {
      echo: ({ argsList, argsDict }) => ({ argsList: argsList ?? [], argsDict: argsDict ?? {} }),
      add: ({ argsList }) => ({ argsList: [Number(argsList?.[0]) + Number(argsList?.[1])] }),
      name: () => ({ argsList: ['wampy'] }),
      fail: ({ argsList, argsDict }) => {
        // The documentation of wampy prescribes this form for custom errors.
        throw Object.assign(new Error('failed'), { error: 'com.interop.failed', details: {}, argsList, argsDict });
      },
      count: ({ argsList, details, result_handler: tell }) => {
        const last = Number(argsList?.[0]);
        const wanted = details?.receive_progress === true ? last : 0;
        for (let n = 0; n < wanted; n++) tell?.({ argsList: [n], options: { progress: true } });
        return { argsList: [last] };
      },
      caller: ({ details }) => ({ argsList: [details?.caller ?? 'undisclosed'] }),
      procedure: ({ details }) => ({ argsList: [details?.procedure ?? procedure] }),
      never: () => new Promise(() => {}),
    };
    await withPeerError(this.#wampy.register(procedure, behaviours[behaviour], options));
  }

  async call(procedure: string, args: readonly unknown[], kwargs: Kwargs = {}, options = {}): Promise<PeerResult> {
    const payload = { argsList: [...args], argsDict: { ...kwargs } };
    const { argsList, argsDict } = await withPeerError(this.#wampy.call(procedure, payload, options));
    return { args: plain(argsList), kwargs: argsDict ?? {} };
  }

  async callForProgress(procedure: string, args: readonly unknown[]): Promise<unknown[]> {
    const values: unknown[] = [];
    const { argsList } = await this.#wampy.call(procedure, [...args], {
      progress_callback: ({ argsList }: WampyPayload) => void values.push(...plain(argsList)),
    });
    return [...values, ...plain(argsList)];
  }

  async callAndCancel(procedure: string, begun: () => Promise<unknown>): Promise<void> {
    const over = this.#wampy.call(procedure).then(
      () => Promise.reject(new Error('it was answered')),
      () => {},
    );
    const { reqId } = this.#wampy.getOpStatus();
    await begun();
    this.#wampy.cancel(Number(reqId), {});
    await over;
  }

  async close(): Promise<void> {
    await this.#wampy.disconnect();
  }
}

/**
 * Converts bigints: the MsgPack library of wampy returns every 64-bit integer as a bigint, even if a number can hold
 * it.
 */
function plain(args: readonly unknown[] = []): unknown[] {
  return args.map(value => (typeof value === 'bigint' ? Number(value) : value));
}

/** Converts the errors of wampy to `PeerError`. */
async function withPeerError<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    const { errorUri, error: uri, argsList } = error as { errorUri?: string; error?: string; argsList?: unknown[] };
    throw new PeerError(errorUri ?? uri ?? String(error), argsList ?? []);
  }
}
