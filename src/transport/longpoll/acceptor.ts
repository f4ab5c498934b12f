import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { networkOf, networkOfPeer } from '../../base/network/network-of.ts';
import type { Link } from '../../link/link.ts';
import { BATCH_OVERHEAD } from '../channel/batch.ts';
import { BatchedChannel } from '../channel/batched-channel.ts';
import { chooseSubprotocol, type Subprotocol, subprotocolsOf } from '../endpoint/subprotocol.ts';
import { type Caller, peerOf } from '../guard/caller.ts';
import type { RequestGuard } from '../guard/request-guard.ts';
import { pathOf, readBody } from '../http/incoming.ts';
import { allowOrigin, answerEmpty, answerPreflight, answerText } from '../http/responses.ts';
import { type AcceptedPeer, type AcceptorTerms, acceptedLink } from '../server/accepted-link.ts';
import type { PendingConnection } from '../server/pending-connection.ts';
import { Places } from '../server/places.ts';
import { LongPollCarriers } from './carriers.ts';
import { LongPollChannel } from './channel.ts';
import { contentTypes } from './requests.ts';

export interface LongPollAcceptorOptions extends AcceptorTerms {
  /** The base URL's path, e.g. `/lp`, under which `open` is. */
  readonly path: string;
  readonly guard: RequestGuard;
}

/** Bytes of an open request, which holds a list of names. */
const MAX_OPEN_BYTES = 4096;

/** Bytes of a transport's id: what nobody can guess. */
const ID_BYTES = 24;

const FULL = 'Too many connections';

interface Transport {
  readonly channel: LongPollChannel;
  readonly maxBody: number;
  readonly carriers: LongPollCarriers;
}

/** A request, and who sends it. */
interface Question {
  readonly visitor: PendingConnection;
  readonly caller: Caller;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Opens transports over HTTP requests and makes links of them. [advanced/transport_http_longpoll] */
export class LongPollAcceptor {
  readonly #options: LongPollAcceptorOptions;
  readonly #accept: (link: Link) => void;
  readonly #transports = new Map<string, Transport>();
  readonly #places: Places;
  /** Transports of each address, where their number is limited. */
  readonly #addresses = new Map<string, number>();
  /** Whoever has asked for something here and is still connected. */
  readonly #visitors = new Set<PendingConnection>();
  #closing = false;
  #emptied: (() => void) | undefined;

  constructor(options: LongPollAcceptorOptions, accept: (link: Link) => void) {
    this.#options = options;
    this.#accept = accept;
    this.#places = new Places(options.limits.maxConnections);
  }

  /** Whether a request is for this transport. */
  has(request: IncomingMessage): boolean {
    return pathOf(request).startsWith(`${this.#options.path}/`);
  }

  handle(visitor: PendingConnection, request: IncomingMessage, response: ServerResponse): void {
    this.#prepare(response);
    const { guard, log, name: listener, refusals } = this.#options;
    const caller = guard.callerOf(visitor, request);
    const refused = guard.refusalOfTransport(request, caller);
    if (refused !== undefined) {
      const fields = { peer: caller.peer, listener, status: 403, refused };
      const from = networkOfPeer(caller);
      refusals.refused({ log, text: 'long-poll request refused', reason: '403', from, fields });
      answerText(response, 403, refused);
      return;
    }
    allowOrigin(response, request.headers.origin);
    if (request.method === 'OPTIONS') answerPreflight(response);
    else if (request.method === 'POST') this.#post({ visitor, caller, request, response });
    else answerText(response, 405, 'POST is for all that is here', { Allow: 'POST, OPTIONS' });
  }

  /** Opens no more, and ends what is open once its time is over, or nobody is left who could ask. */
  close(): Promise<void> {
    const { clock, limits } = this.#options;
    this.#closing = true;
    const grace = clock.after(limits.closeGrace, () => this.#destroyAll());
    if (this.#visitors.size === 0) this.#destroyAll();
    return new Promise(resolve => {
      this.#emptied = () => {
        grace.cancel();
        // What was said last is on its way.
        setImmediate(() => {
          for (const { socket } of this.#visitors) socket.end();
        });
        resolve();
      };
      if (this.#transports.size === 0) this.#emptied();
    });
  }

  #destroyAll(): void {
    for (const { channel } of [...this.#transports.values()]) channel.destroy('the listener closes');
  }

  /** What every answer has in common. */
  #prepare(response: ServerResponse): void {
    response.setHeader('Cache-Control', 'no-store');
    // Said, so that no client begins a request on a connection that is about to end; a second early, as it travels.
    const idle = Math.floor(this.#options.limits.handshakeTimeout / 1000) - 1;
    if (idle > 0) response.setHeader('Keep-Alive', `timeout=${idle}`);
    else response.setHeader('Connection', 'close');
  }

  /** The connection asks for a transport: it is ours to end when the listener closes. */
  #speakFor(visitor: PendingConnection): void {
    if (this.#visitors.has(visitor)) return;
    this.#visitors.add(visitor);
    visitor.spokenFor = true;
    visitor.socket.once('close', () => {
      this.#visitors.delete(visitor);
      if (this.#closing && this.#visitors.size === 0) this.#destroyAll();
    });
  }

  #post(question: Question): void {
    const { request, response } = question;
    const [id = '', action = '', ...rest] = pathOf(request)
      .slice(this.#options.path.length + 1)
      .split('/');
    if (id === 'open' && action === '' && rest.length === 0) {
      this.#open(question);
      return;
    }
    const transport = this.#transports.get(id);
    if (transport === undefined || rest.length > 0) {
      answerText(response, 404, 'There is no such transport, or it is closed');
      return;
    }
    this.#speakFor(question.visitor);
    transport.carriers.add(question.visitor);
    if (action === 'send') {
      this.#send(transport, request, response);
    } else if (action === 'receive') {
      request.resume();
      transport.channel.receive(response);
    } else if (action === 'close') {
      request.resume();
      transport.channel.close();
      answerEmpty(response, 202);
    } else {
      answerText(response, 404, 'A transport has receive, send and close');
    }
  }

  #send({ channel, maxBody }: Transport, request: IncomingMessage, response: ServerResponse): void {
    if (!channel.beginSend()) {
      answerText(response, 400, 'Too many sends at a time');
      return;
    }
    response.once('close', () => channel.sent());
    readBody(request, maxBody, body => {
      if (body === undefined) answerText(response, 400, `The limit is ${maxBody} bytes`, { Connection: 'close' });
      else channel.send(body, response);
    });
  }

  #open(question: Question): void {
    const { visitor, request, response } = question;
    this.#speakFor(visitor);
    readBody(request, MAX_OPEN_BYTES, body => {
      const { codecs } = this.#options;
      const protocols = body && protocolsIn(body);
      const spoken = protocols && chooseSubprotocol(protocols, codecs);
      // As late as this: others may have come while the request was on its way.
      const refusal = this.#refusal(question);
      if (protocols === undefined) {
        answerText(response, 400, 'The body has to be a dictionary in JSON, such as {"protocols": ["wamp.2.json"]}');
      } else if (spoken === undefined) {
        const known = subprotocolsOf(codecs).map(({ name }) => name);
        answerText(response, 400, `None of the protocols is supported. Offer one of: ${known.join(', ')}`);
      } else if (refusal !== undefined) {
        answerText(response, 503, refusal);
      } else if (!response.destroyed) {
        const transport = this.#make(question, spoken);
        answerText(response, 200, JSON.stringify({ protocol: spoken.name, transport }), {
          'Content-Type': contentTypes.json,
        });
      }
    });
  }

  #refusal({ visitor, caller: { address = 'unknown' } }: Question): string | undefined {
    const { sessions, limits } = this.#options;
    const { maxConnectionsPerAddress = Number.POSITIVE_INFINITY } = limits;
    if (this.#closing) return 'The gateway stops';
    const others = this.#addresses.get(networkOf(address)) ?? 0;
    if (others >= maxConnectionsPerAddress) return `${FULL} of this address (limits.maxConnectionsPerAddress)`;
    const room = this.#places.makeRoom(visitor) && sessions.makeRoom(visitor);
    return room ? undefined : `${FULL}: every place of this listener has a session (limits.maxConnections)`;
  }

  /** Makes a link and gives the id of its transport. */
  #make({ visitor, caller, request }: Question, { codec, batched }: Subprotocol): string {
    const { limits, sessions, clock } = this.#options;
    const id = randomBytes(ID_BYTES).toString('base64url');
    const network = networkOf(caller.address ?? 'unknown');
    const displaced = 'a newcomer has needed the place, and no session was open';
    const places = [this.#places, sessions].map(held => held.take(() => channel.destroy(displaced), visitor));
    const carriers = new LongPollCarriers();
    const channel = new LongPollChannel({
      contentType: contentTypes[codec.name],
      batched,
      ...limits.longPoll,
      clock,
      onOver: () => {
        for (const place of places) place.release();
        carriers.keep(false);
        this.#transports.delete(id);
        this.#count(network, -1);
        if (this.#transports.size === 0) this.#emptied?.();
      },
    });
    const maxBody = limits.maxMessageSize + (batched ? BATCH_OVERHEAD : 0);
    this.#transports.set(id, { channel, maxBody, carriers });
    this.#count(network, 1);
    const peer: AcceptedPeer = { transport: 'longpoll', ...peerOf(caller), tls: visitor.tls, headers: request.headers };
    const framed = batched ? new BatchedChannel(channel, codec.binary, this.#options.clock) : channel;
    const serving = (open: boolean): void => {
      for (const place of places) place.keep(open);
      carriers.keep(open);
    };
    this.#accept(acceptedLink(this.#options, peer, codec, framed, serving));
    return id;
  }

  #count(network: string, change: 1 | -1): void {
    const count = (this.#addresses.get(network) ?? 0) + change;
    if (count === 0) this.#addresses.delete(network);
    else this.#addresses.set(network, count);
  }
}

/** The names in an open request; undefined where it is none. */
function protocolsIn(body: Uint8Array): string[] | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (typeof value !== 'object' || value === null || !('protocols' in value)) return undefined;
    const { protocols } = value;
    if (!Array.isArray(protocols) || !protocols.every(name => typeof name === 'string')) return undefined;
    return protocols;
  } catch {
    return undefined;
  }
}
