import type { Socket } from 'node:net';
import type { Aedes, Client, PublishPacket } from 'aedes';
import { peerAddress } from '../../../src/gateway/bridge/bridge.ts';
import type { MqttPeer } from '../source/mqtt-source.ts';
import { CallbackQueue } from './callback-queue.ts';
import { PacketScanner } from './packet-scanner.ts';
import { recentPackets } from './recent-packets.ts';

/** The client, the PUBLISH packet and the sending side of aedes. */
export type AedesClient = Client;
export type AedesPacket = PublishPacket;
export type AedesSender = Pick<Aedes, 'publish'>;

/** Packets that a client's duplicate check remembers. */
const RECENT_PACKETS = 64;

/** A connection to the embedded broker. */
export class AedesPeer implements MqttPeer {
  readonly address: string;
  readonly host: string | undefined;
  readonly loopback: boolean;
  username: string | undefined;
  password: string | undefined;
  /** Whether the sink has admitted it. */
  admitted = false;
  /** Why CONNECT will be refused. Known before aedes asks. */
  flaw: string | undefined;
  /** Publish order: the client's messages wait here for acceptance, so that they keep their order. */
  readonly line = new CallbackQueue();
  /** Messages that wait for the realm's answer. */
  #waiting = 0;
  #answered: (() => void) | undefined;
  readonly #client: Client;
  readonly #socket: Socket;

  constructor(client: Client, socket: Socket) {
    this.#client = client;
    this.#socket = socket;
    const { peer, address, loopback } = peerAddress(socket);
    this.address = peer;
    this.host = address;
    this.loopback = loopback;
    // Duplicate check: aedes's own table takes an overtaken packet for a duplicate, and grows without bound.
    Object.assign(client, { duplicates: recentPackets(RECENT_PACKETS) });
  }

  get clientId(): string {
    return this.#client.id;
  }

  get protocolVersion(): number {
    return this.#client.version;
  }

  /** Whether the connection has ended. */
  get closed(): boolean {
    return this.#client.closed;
  }

  /** Counts a message until the realm has answered it. */
  awaits(answer: Promise<void>): void {
    this.#waiting += 1;
    const settled = (): void => {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#answered?.();
    };
    answer.then(settled, settled);
  }

  /** Calls `then` when the realm has answered all messages of the client, including its will. */
  whenAnswered(then: () => void): void {
    if (this.#waiting === 0) then();
    else this.#answered = then;
  }

  disconnect(reason: string): void {
    this.#socket.destroy(new Error(reason));
  }
}

/**
 * Packet size limit: cuts the connection before an oversized packet is collected. It inspects the bytes as aedes reads
 * them, because a stream in between would also cost every write.
 */
export function limitPackets(socket: Socket, maxPacketSize: number): void {
  const scanner = new PacketScanner(maxPacketSize);
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const chunk: unknown = read(size);
    const refusal = chunk instanceof Uint8Array ? scanner.scan(chunk) : undefined;
    if (refusal === undefined) return chunk;
    socket.destroy(new Error(refusal));
    return null;
  };
}
