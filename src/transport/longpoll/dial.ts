import type { Link } from '../../link/link.ts';
import { BATCH_OVERHEAD } from '../channel/batch.ts';
import { BatchedChannel } from '../channel/batched-channel.ts';
import { DialError } from '../endpoint/dial-error.ts';
import type { ResolvedDialOptions } from '../endpoint/dial-options.ts';
import { dialedLink } from '../endpoint/dialed-link.ts';
import { subprotocolOf } from '../endpoint/subprotocol.ts';
import { LongPollDialChannel } from './dial-channel.ts';
import { contentTypes, LongPollRequests } from './requests.ts';

/** Connects to a long-poll router. [advanced/transport_http_longpoll] */
export async function dialLongPoll(options: ResolvedDialOptions): Promise<Link> {
  const { url, codec, signal } = options;
  const requests = new LongPollRequests(
    url,
    options.maxMessageSize + (options.batched ? BATCH_OVERHEAD : 0),
    options.tls,
  );
  try {
    const batched = subprotocolOf(codec, true).name;
    const protocols = options.batched ? [batched, codec.subprotocol] : [codec.subprotocol];
    const body = Buffer.from(JSON.stringify({ protocols }));
    const answer = await requests.post('open', contentTypes.json, body, signal);
    const text = Buffer.from(answer.body).toString();
    if (answer.status !== 200) throw new DialError(url, `the server answered ${answer.status}: ${text.trim()}`);
    const { protocol, transport } = readOpened(text, url);
    if (!protocols.includes(protocol))
      throw new DialError(url, `the router selected ${protocol}, which was not offered`);
    const frames = protocol === batched;
    const contentType = contentTypes[codec.name];
    const channel = new LongPollDialChannel({ requests, transport, contentType, batched: frames });
    const peer = { transport: 'longpoll', ...answer.address, tls: url.startsWith('https:') } as const;
    return dialedLink(options, peer, frames ? new BatchedChannel(channel, codec.binary, options.clock) : channel);
  } catch (error) {
    requests.close();
    signal.throwIfAborted();
    throw error;
  }
}

function readOpened(text: string, url: string): { protocol: string; transport: string } {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'protocol' in value && 'transport' in value) {
    const { protocol, transport } = value;
    if (typeof protocol === 'string' && typeof transport === 'string') return { protocol, transport };
  }
  throw new DialError(url, 'it is not a long-poll router');
}
