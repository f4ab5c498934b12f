import { Agent, type IncomingMessage, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { TlsClientOptions } from '../endpoint/dial-options.ts';
import { type PeerAddress, peerAddress } from '../endpoint/peer-address.ts';
import { readBody } from '../http/incoming.ts';

/** The HTTP content types of the serializers. */
export const contentTypes = {
  json: 'application/json; charset=utf-8',
  msgpack: 'application/msgpack',
  cbor: 'application/cbor',
} as const;

/** Milliseconds without an answer after which a request fails. Routers hold a receive for less time. */
const TIMEOUT = 90_000;

export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
  /** The address of the router. */
  readonly address: PeerAddress;
}

/** Sends POST requests to one router, on connections that are reused. */
export class LongPollRequests {
  readonly #url: string;
  readonly #limit: number;
  readonly #secure: boolean;
  readonly #agent: Agent;

  /** `limit`: the longest answer accepted, in bytes. */
  constructor(url: string, limit: number, tls: TlsClientOptions) {
    this.#url = url.replace(/\/+$/, '');
    this.#limit = limit;
    this.#secure = url.startsWith('https:');
    this.#agent = this.#secure ? new SecureAgent({ keepAlive: true, ...tls }) : new Agent({ keepAlive: true });
  }

  post(path: string, type: string, body: Uint8Array, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { 'Content-Type': type, 'Content-Length': body.length };
      const options = { method: 'POST', agent: this.#agent, headers, signal, timeout: TIMEOUT };
      const begin = this.#secure ? secureRequest : request;
      const posted = begin(`${this.#url}/${path}`, options, (response: IncomingMessage) => {
        const address = peerAddress(response.socket);
        response.on('error', reject);
        readBody(response, this.#limit, answer => {
          if (answer === undefined) reject(new Error(`the answer is longer than ${this.#limit} bytes, the limit`));
          else resolve({ status: response.statusCode ?? 0, body: answer, address });
        });
      });
      posted.on('timeout', () => posted.destroy(new Error('the router does not answer')));
      posted.on('error', reject);
      posted.end(body);
    });
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy();
  }
}
