import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import { codecs } from '../../src/codec/codecs.ts';
import type { Codec } from '../../src/codec/message/codec.ts';
import type { Link, LinkInfo } from '../../src/link/link.ts';
import { localLinkPair } from '../../src/link/local-link.ts';
import { dial } from '../../src/transport/dial.ts';
import { defaultLimits, type TransportLimits } from '../../src/transport/endpoint/limits.ts';
import type { Listening } from '../../src/transport/endpoint/listening.ts';
import { listenRawSocket } from '../../src/transport/rawsocket-server.ts';
import { listenWeb } from '../../src/transport/web-server.ts';
import { RecordingLogger } from './recording-logger.ts';
import { StallableProxy } from './stallable-proxy.ts';
import { until } from './until.ts';

/** Two ends of one link. `server` is the listener's end, or for a local link simply the other one. */
export interface LinkPair extends AsyncDisposable {
  readonly client: Link;
  readonly server: Link;
  /** The log of both ends. */
  readonly log: RecordingLogger;
  /** Another link beside this one, to the same listener. */
  another(): Promise<readonly [client: Link, server: Link]>;
  /** Stops the client from reading until `resume`. Does nothing if both ends are in one process. */
  stall(): void;
  resume(): void;
}

export interface PairOptions {
  readonly maxQueuedBytes?: number;
  readonly closeGrace?: number;
}

export type MakePair = (options?: PairOptions) => Promise<LinkPair>;

/** A pipe within the process. */
export const localPair: MakePair = async () => {
  const log = new RecordingLogger();
  const info = (peer: string): LinkInfo => ({
    transport: 'local',
    serializer: 'none',
    peer,
    loopback: true,
    listener: 'test',
    tls: false,
  });
  const another = async (): Promise<readonly [Link, Link]> => localLinkPair(info('server'), info('client'), log);
  const [client, server] = await another();
  return {
    client,
    server,
    log,
    another,
    stall: () => {},
    resume: () => {},
    [Symbol.asyncDispose]: async () => client.close('test over'),
  };
};

export type Transport =
  | 'tcp'
  | 'unix'
  | 'ws'
  | 'ws in batches'
  | 'long-poll'
  | 'long-poll in batches'
  | 'tcp on the shared port';

/** A real listener and a real client, with a relay between them that can stall. */
export function networkPair(transport: Transport, codec: Codec): MakePair {
  return async (options = {}) => {
    const log = new RecordingLogger();
    // Each of the three hundred messages is fetched by a request of its own, which takes time.
    const closeGrace = transport === 'long-poll' ? 2000 : 300;
    const limits: TransportLimits = { ...defaultLimits, closeGrace, ...options };
    const waiting: Link[] = [];
    const folder = mkdtempSync(join(tmpdir(), 'wampway-link-'));
    const unixPath = join(folder, 'socket');
    const terms = { name: 'test', codecs, limits, log, clock: systemClock };
    const listening = await listen(transport, unixPath, terms, link => waiting.push(link));
    const proxy =
      transport === 'unix'
        ? await StallableProxy.start({ path: unixPath }, { path: `${unixPath}.relay` })
        : await StallableProxy.start({ host: '127.0.0.1', port: listening.port }, { host: '127.0.0.1', port: 0 });
    const urls: Record<Transport, string> = {
      unix: `unix://${unixPath}.relay`,
      ws: `ws://127.0.0.1:${proxy.port}/ws`,
      'ws in batches': `ws://127.0.0.1:${proxy.port}/ws`,
      'long-poll': `http://127.0.0.1:${proxy.port}/lp`,
      'long-poll in batches': `http://127.0.0.1:${proxy.port}/lp`,
      tcp: `tcp://127.0.0.1:${proxy.port}`,
      'tcp on the shared port': `tcp://127.0.0.1:${proxy.port}`,
    };
    const another = async (): Promise<readonly [Link, Link]> => {
      const client = await dial(urls[transport], { codec, log, batched: transport.endsWith('in batches') });
      const server = await until('the server to accept', () => waiting.shift());
      return [client, server];
    };
    const [client, server] = await another();
    return {
      client,
      server,
      log,
      another,
      stall: () => proxy.stall(),
      resume: () => proxy.resume(),
      [Symbol.asyncDispose]: async () => {
        client.close('test over');
        await listening[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  };
}

interface Terms {
  readonly name: string;
  readonly codecs: readonly Codec[];
  readonly limits: TransportLimits;
  readonly log: RecordingLogger;
  readonly clock: Clock;
}

function listen(
  transport: Transport,
  unixPath: string,
  terms: Terms,
  accept: (link: Link) => void,
): Promise<Listening> {
  const address = transport === 'unix' ? { unixPath } : { host: '127.0.0.1', port: 0 };
  const own = transport === 'tcp' || transport === 'unix';
  return own
    ? listenRawSocket({ ...terms, address }, accept)
    : listenWeb({ ...terms, address, longPoll: '/lp' }, accept);
}
