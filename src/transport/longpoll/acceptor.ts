import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ConnectionSlots } from '../../base/network/connection-slots.ts';
import { networkOf, networkOfPeer } from '../../base/network/network-of.ts';
import type { Link } from '../../link/link.ts';
import { BATCH_OVERHEAD } from '../channel/batch.ts';
import { BatchedChannel } from '../channel/batched-channel.ts';
import { chooseSubprotocol, type Subprotocol, subprotocolsOf } from '../endpoint/subprotocol.ts';
import type { RequestGuard } from '../guard/request-guard.ts';
import { addressOf, type RequestPeer } from '../guard/request-peer.ts';
import { pathOf, readBody } from '../http/incoming.ts';
import { allowOrigin, answerEmpty, answerPreflight, answerText } from '../http/responses.ts';
import { type AcceptedPeer, type AcceptorDependencies, acceptedLink } from '../server/accepted-link.ts';
import type { PendingConnection } from '../server/pending-connection.ts';
import { LongPollChannel } from './channel.ts';
import { LongPollConnections } from './connections.ts';
import { contentTypes } from './requests.ts';

export interface LongPollAcceptorOptions extends AcceptorDependencies {
  /** The path of the base URL, e.g. `/lp`. The path of `open` is then `/lp/open`. */
  readonly path: string;
  readonly guard: RequestGuard;
}

/** The longest body of an open request, in bytes. It contains a list of names. */
const MAX_OPEN_BYTES = 4096;

/** Bytes of a transport's id: enough that it cannot be guessed. */
const ID_BYTES = 24;

const FULL = 'Too many connections';

interface Transport {
  readonly channel: LongPollChannel;
  readonly maxBody: number;
  readonly connections: LongPollConnections;
}

/** A request, its connection and its sender. */
interface LongPollRequest {
  readonly connection: PendingConnection;
  readonly peer: RequestPeer;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Opens transports over HTTP requests and makes a link for each. [advanced/transport_http_longpoll] */
export class LongPollAcceptor {
  readonly #options: LongPollAcceptorOptions;
  readonly #accept: (link: Link) => void;
  readonly #transports = new Map<string, Transport>();
  readonly #slots: ConnectionSlots;
  /** Transports of each address. */
  readonly #addresses = new Map<string, number>();
  /** Connections that have sent a request to this acceptor and are still open. */
  readonly #connections = new Set<PendingConnection>();
  #closing = false;
  #emptied: (() => void) | undefined;

  constructor(options: LongPollAcceptorOptions, accept: (link: Link) => void) {
    this.#options = options;
    this.#accept = accept;
    this.#slots = new ConnectionSlots(options.limits.maxConnections);
  }

  /** Whether a request is for this transport. */
  has(request: IncomingMessage): boolean {
    return pathOf(request).startsWith(`${this.#options.path}/`);
  }

  handle(connection: PendingConnection, request: IncomingMessage, response: ServerResponse): void {
    this.#prepare(response);
    const { guard, log, name: listener, refusals } = this.#options;
    const peer = guard.peerOf(connection, request);
    const refused = guard.refusalOfTransport(request, peer);
    if (refused !== undefined) {
      const fields = { peer: peer.peer, listener, status: 403, refused };
      const from = networkOfPeer(peer);
      refusals.refused({ log, text: 'long-poll request refused', reason: '403', from, fields });
      answerText(response, 403, refused);
      return;
    }
    allowOrigin(response, request.headers.origin);
    if (request.method === 'OPTIONS') answerPreflight(response);
    else if (request.method === 'POST') this.#post({ connection, peer, request, response });
    else answerText(response, 405, 'Long-poll requests have to use POST', { Allow: 'POST, OPTIONS' });
  }

  /** Rejects new transports. Ends the open ones after `closeGrace`, or as soon as no connection is left. */
  close(): Promise<void> {
    const { clock, limits } = this.#options;
    this.#closing = true;
    const grace = clock.after(limits.closeGrace, () => this.#destroyAll());
    if (this.#connections.size === 0) this.#destroyAll();
    return new Promise(resolve => {
      this.#emptied = () => {
        grace.cancel();
        // First the last answers are written.
        setImmediate(() => {
          for (const { socket } of this.#connections) socket.end();
        });
        resolve();
      };
      if (this.#transports.size === 0) this.#emptied();
    });
  }

  #destroyAll(): void {
    for (const { channel } of [...this.#transports.values()]) channel.destroy('the listener closes');
  }

  /** Sets the headers of every answer. */
  #prepare(response: ServerResponse): void {
    response.setHeader('Cache-Control', 'no-store');
    // So no client begins a request on a connection that is about to end. One second less, for the time on the network.
    const idle = Math.floor(this.#options.limits.handshakeTimeout / 1000) - 1;
    if (idle > 0) response.setHeader('Keep-Alive', `timeout=${idle}`);
    else response.setHeader('Connection', 'close');
  }

  /** Registers a connection that carries requests. When the listener closes, this acceptor ends it. */
  #register(connection: PendingConnection): void {
    if (this.#connections.has(connection)) return;
    this.#connections.add(connection);
    connection.closesLater = true;
    connection.socket.once('close', () => {
      this.#connections.delete(connection);
      if (this.#closing && this.#connections.size === 0) this.#destroyAll();
    });
  }

  #post(longPoll: LongPollRequest): void {
    const { connection, request, response } = longPoll;
    const [id = '', action = '', ...rest] = pathOf(request)
      .slice(this.#options.path.length + 1)
      .split('/');
    if (id === 'open' && action === '' && rest.length === 0) {
      this.#open(longPoll);
      return;
    }
    const transport = this.#transports.get(id);
    if (transport === undefined || rest.length > 0) {
      answerText(response, 404, 'No transport has this id, or it is closed');
      return;
    }
    this.#register(connection);
    transport.connections.add(connection);
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
      answerText(response, 404, 'The requests of a transport are receive, send and close');
    }
  }

  #send({ channel, maxBody }: Transport, request: IncomingMessage, response: ServerResponse): void {
    if (!channel.beginSend()) {
      answerText(response, 400, 'Too many concurrent sends');
      return;
    }
    response.once('close', () => channel.sent());
    readBody(request, maxBody, body => {
      if (body === undefined)
        answerText(response, 400, `The body is longer than ${maxBody} bytes, the limit`, { Connection: 'close' });
      else channel.send(body, response);
    });
  }

  #open(longPoll: LongPollRequest): void {
    const { connection, request, response } = longPoll;
    this.#register(connection);
    readBody(request, MAX_OPEN_BYTES, body => {
      const { codecs } = this.#options;
      const protocols = body && protocolsIn(body);
      const subprotocol = protocols && chooseSubprotocol(protocols, codecs);
      // After the body has arrived, because other transports may have opened in the meantime.
      const refusal = this.#refusal(longPoll);
      if (protocols === undefined) {
        answerText(response, 400, 'The body has to be a dictionary in JSON, such as {"protocols": ["wamp.2.json"]}');
      } else if (subprotocol === undefined) {
        const supported = subprotocolsOf(codecs).map(({ name }) => name);
        answerText(response, 400, `None of the protocols is supported. Offer one of: ${supported.join(', ')}`);
      } else if (refusal !== undefined) {
        answerText(response, 503, refusal);
      } else if (!response.destroyed) {
        const transport = this.#make(longPoll, subprotocol);
        answerText(response, 200, JSON.stringify({ protocol: subprotocol.name, transport }), {
          'Content-Type': contentTypes.json,
        });
      }
    });
  }

  #refusal({ connection, peer: { address = 'unknown' } }: LongPollRequest): string | undefined {
    const { linkSlots, limits } = this.#options;
    const { maxConnectionsPerAddress = Number.POSITIVE_INFINITY } = limits;
    if (this.#closing) return 'The gateway is stopping';
    const others = this.#addresses.get(networkOf(address)) ?? 0;
    if (others >= maxConnectionsPerAddress) return `${FULL} from this address (limits.maxConnectionsPerAddress)`;
    const isFree = this.#slots.ensureFree(connection) && linkSlots.ensureFree(connection);
    return isFree ? undefined : `${FULL}: every connection of this listener has a session (limits.maxConnections)`;
  }

  /** Makes a link. Returns the id of its transport. */
  #make({ connection, peer, request }: LongPollRequest, { codec, batched }: Subprotocol): string {
    const { limits, linkSlots, clock } = this.#options;
    const id = randomBytes(ID_BYTES).toString('base64url');
    const network = networkOf(peer.address ?? 'unknown');
    const evicted = 'too many connections, and no session was open on this one';
    const slots = [this.#slots, linkSlots].map(each => each.reserve(() => channel.destroy(evicted), connection));
    const connections = new LongPollConnections();
    const channel = new LongPollChannel({
      contentType: contentTypes[codec.name],
      batched,
      ...limits.longPoll,
      clock,
      onOver: () => {
        for (const slot of slots) slot.release();
        connections.setSessionOpen(false);
        this.#transports.delete(id);
        this.#count(network, -1);
        if (this.#transports.size === 0) this.#emptied?.();
      },
    });
    const maxBody = limits.maxMessageSize + (batched ? BATCH_OVERHEAD : 0);
    this.#transports.set(id, { channel, maxBody, connections });
    this.#count(network, 1);
    const { tls } = connection;
    const accepted: AcceptedPeer = { transport: 'longpoll', ...addressOf(peer), tls, headers: request.headers };
    const framed = batched ? new BatchedChannel(channel, codec.binary, this.#options.clock) : channel;
    const onSession = (open: boolean): void => {
      for (const slot of slots) slot.setInUse(open);
      connections.setSessionOpen(open);
    };
    this.#accept(acceptedLink(this.#options, accepted, codec, framed, onSession));
    return id;
  }

  #count(network: string, change: 1 | -1): void {
    const count = (this.#addresses.get(network) ?? 0) + change;
    if (count === 0) this.#addresses.delete(network);
    else this.#addresses.set(network, count);
  }
}

/** The names in an open request. Undefined if the body is not valid. */
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
