import type { Duplex } from 'node:stream';
import type { BrokerState } from '../state/broker-state.ts';

/** Bytes that are written at once. */
const MAX_WRITE = 64 * 1024;

/** Collects the packets of one connection and writes those of one turn of the event loop together. */
export class PacketWriter {
  readonly #state: BrokerState;
  readonly #stream: Duplex;
  readonly #drained: () => void;
  #packets: Buffer[] = [];
  #bytes = 0;
  /** When the socket last accepted bytes, or began to wait for that. */
  #progressAt = 0;
  readonly #written = (): void => {
    this.#progressAt = this.#state.awake.now();
    this.#drained();
  };

  /** `drained` is called each time that the stream has accepted a write. */
  constructor(state: BrokerState, stream: Duplex, drained: () => void) {
    this.#state = state;
    this.#stream = stream;
    this.#drained = drained;
  }

  /** Bytes that wait here and in the stream. */
  get backlog(): number {
    return this.#bytes + this.#stream.writableLength;
  }

  /** Whether the client has accepted no bytes for `timeout` milliseconds. */
  isStalled(now: number, timeout: number): boolean {
    return this.#stream.writableLength > 0 && now - this.#progressAt > timeout;
  }

  /**
   * Adds a packet. It is written at the end of this turn, or at once if many bytes wait: the system mostly takes them.
   */
  add(packet: Buffer): void {
    if (this.#packets.length === 0) this.#state.flusher.add(this);
    this.#packets.push(packet);
    this.#bytes += packet.length;
    if (this.#bytes >= MAX_WRITE) this.flush();
  }

  /** Writes all packets, in pieces of `MAX_WRITE`. */
  flush(): void {
    if (this.#packets.length === 0) return;
    const packets = this.#packets;
    this.#state.traffic.bytesSent += this.#bytes;
    this.discard();
    if (this.#stream.writableLength === 0) this.#progressAt = this.#state.awake.now();
    let from = 0;
    let size = 0;
    for (const [index, packet] of packets.entries()) {
      if (size > 0 && size + packet.length > MAX_WRITE) {
        this.#write(packets, from, index);
        from = index;
        size = 0;
      }
      size += packet.length;
    }
    this.#write(packets, from, packets.length);
  }

  /** Drops the packets that are not written yet. */
  discard(): void {
    this.#packets = [];
    this.#bytes = 0;
  }

  #write(packets: readonly Buffer[], from: number, to: number): void {
    const [first] = packets;
    if (first === undefined || this.#stream.destroyed) return;
    const bytes = to - from === 1 ? (packets[from] ?? first) : Buffer.concat(packets.slice(from, to));
    this.#stream.write(bytes, this.#written);
  }
}
