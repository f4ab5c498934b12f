import { Wampy } from 'wampy';
import { CborSerializer } from 'wampy/CborSerializer.js';
import { JsonSerializer } from 'wampy/JsonSerializer.js';
import { MsgpackSerializer } from 'wampy/MsgpackSerializer.js';
import { WebSocket } from 'ws';
import { type Behaviour, type Peer, PeerError, type PeerEvent, type PeerResult } from './peer.ts';

type Kwargs = Readonly<Record<string, unknown>>;

interface WampyPayload {
  readonly argsList?: unknown[];
  readonly argsDict?: Record<string, unknown>;
  readonly details?: { readonly topic?: string };
}

interface InvocationResult {
  readonly argsList?: unknown[];
  readonly argsDict?: Record<string, unknown>;
}

const serializers = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };

/** wampy, in this process. */
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
      // The class is the one wampy's documentation names; only its declared constructor differs.
      ws: WebSocket as never,
      serializer: new serializers[serializer](),
      autoReconnect: false,
    });
    await wampy.connect();
    return new WampyPeer(`wampy ${serializer}`, wampy);
  }

  async subscribe(topic: string, match: 'exact' | 'prefix' | 'wildcard' = 'exact'): Promise<void> {
    await this.#wampy.subscribe(
      topic,
      ({ argsList, argsDict, details }: WampyPayload) => {
        this.events.push({ topic: details?.topic ?? topic, args: plain(argsList), kwargs: argsDict ?? {} });
      },
      match === 'exact' ? {} : { match },
    );
  }

  async publish(topic: string, args: readonly unknown[], kwargs: Kwargs = {}): Promise<void> {
    await this.#wampy.publish(topic, { argsList: [...args], argsDict: { ...kwargs } });
  }

  async register(procedure: string, behaviour: Behaviour): Promise<void> {
    const behaviours: Record<Behaviour, (payload: WampyPayload) => InvocationResult> = {
      echo: ({ argsList, argsDict }) => ({ argsList: argsList ?? [], argsDict: argsDict ?? {} }),
      add: ({ argsList }) => ({ argsList: [Number(argsList?.[0]) + Number(argsList?.[1])] }),
      name: () => ({ argsList: ['wampy'] }),
      fail: ({ argsList, argsDict }) => {
        // How wampy's documentation says a callee raises a custom error.
        throw Object.assign(new Error('failed'), { error: 'com.interop.failed', details: {}, argsList, argsDict });
      },
    };
    await this.#wampy.register(procedure, behaviours[behaviour]);
  }

  async call(procedure: string, args: readonly unknown[], kwargs: Kwargs = {}): Promise<PeerResult> {
    try {
      const { argsList, argsDict } = await this.#wampy.call(procedure, {
        argsList: [...args],
        argsDict: { ...kwargs },
      });
      return { args: plain(argsList), kwargs: argsDict ?? {} };
    } catch (error) {
      const { errorUri, error: uri, argsList } = error as { errorUri?: string; error?: string; argsList?: unknown[] };
      throw new PeerError(errorUri ?? uri ?? String(error), argsList ?? []);
    }
  }

  async close(): Promise<void> {
    await this.#wampy.disconnect();
  }
}

/** Its MsgPack library gives every 64-bit integer as a bigint, also where a number would hold it. */
function plain(args: readonly unknown[] = []): unknown[] {
  return args.map(value => (typeof value === 'bigint' ? Number(value) : value));
}
