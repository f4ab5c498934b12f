import type { Clock, Timer } from '../../base/clock.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import { ProtocolViolation } from '../../wamp/errors.ts';

/** Written as methods, because TypeScript compares them loosely: each implementation has its own event types. */
interface Handlers {
  open(event: object): void;
  message(event: { readonly data: unknown }): void;
  error(event: object): void;
  close(event: { readonly code: number; readonly reason: string }): void;
}

/**
 * The part of the standard WebSocket API that the client uses: the browser's, Node's (22 and later), or that of `ws`.
 */
export interface StandardWebSocket {
  binaryType: string;
  readonly protocol: string;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  onopen: Handlers['open'] | null;
  onmessage: Handlers['message'] | null;
  onerror: Handlers['error'] | null;
  onclose: Handlers['close'] | null;
}

/** Close codes. [RFC6455-7.4.1] A browser may send 1000 and 3000-4999 only, so the reason names the others. */
const NORMAL = 1000;
const APPLICATION = 4000;

/** The longest reason of a close frame, in bytes. [RFC6455-5.5] */
const MAX_REASON = 123;

/**
 * Above so many buffered bytes the channel polls the socket until it has drained, because there is no event for that.
 */
const HIGH_WATER = 64 * 1024;
const DRAIN_POLL = 20;

/** Frames over a standard WebSocket. It cannot pause the peer. Keep-alive is left to the browser. */
export class StandardWebSocketChannel implements FrameChannel {
  readonly maxFrame = Number.POSITIVE_INFINITY;
  readonly #socket: StandardWebSocket;
  readonly #binary: boolean;
  readonly #clock: Clock;
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  #receiver: FrameReceiver | undefined;
  #ended = false;
  #closed = false;
  #draining: Timer | undefined;

  /** `socket` is open, or opens in this turn. `binary` selects the frame type of the serializer. */
  constructor(socket: StandardWebSocket, binary: boolean, clock: Clock) {
    this.#socket = socket;
    this.#binary = binary;
    this.#clock = clock;
    socket.onmessage = event => this.#arrived(event.data);
    socket.onclose = event => this.#sayClosed(describeClose(event.code, event.reason));
    // The `close` event follows.
    socket.onerror = () => {};
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
  }

  write(frame: Uint8Array): void {
    if (this.#ended) return;
    // The cast excludes shared memory only, which codecs do not use.
    this.#socket.send(this.#binary ? (frame as Uint8Array<ArrayBuffer>) : this.#decoder.decode(frame));
    if (this.#draining === undefined && this.#socket.bufferedAmount > HIGH_WATER) this.#awaitDrain();
  }

  end(kind: EndKind, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    // The socket sends its buffer before the close frame.
    this.#socket.close(kind === 'normal' ? NORMAL : APPLICATION, cut(reason));
  }

  destroy(reason: string): void {
    this.end('violation', reason);
    // The closing handshake over a dead network can take minutes.
    queueMicrotask(() => this.#sayClosed(reason));
  }

  pause(): void {}

  resume(): void {}

  #arrived(data: unknown): void {
    if (this.#closed) return;
    if (typeof data === 'string' && !this.#binary) {
      this.#receiver?.receiveFrame(this.#encoder.encode(data));
    } else if (data instanceof ArrayBuffer && this.#binary) {
      this.#receiver?.receiveFrame(new Uint8Array(data));
    } else {
      const kind = typeof data === 'string' ? 'text' : 'binary';
      this.#receiver?.refuse(
        new ProtocolViolation(`expected frames of the other type for this serializer, received a ${kind} frame`),
      );
    }
  }

  #awaitDrain(): void {
    this.#draining = this.#clock.after(DRAIN_POLL, () => {
      this.#draining = undefined;
      if (this.#closed) return;
      if (this.#socket.bufferedAmount > HIGH_WATER) this.#awaitDrain();
      else this.#receiver?.drained();
    });
  }

  #sayClosed(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#draining?.cancel();
    this.#receiver?.closed(reason);
  }
}

function describeClose(code: number, reason: string): string {
  if (reason !== '') return reason;
  if (code === 1001) return 'the router is going away';
  if (code === 1006) return 'the connection was lost';
  return code === NORMAL ? 'the connection was closed' : `the connection was closed with code ${code}`;
}

/** The longest prefix of `reason` that fits, without splitting a character. */
function cut(reason: string): string {
  let length = Math.min(reason.length, MAX_REASON);
  while (new TextEncoder().encode(reason.slice(0, length)).byteLength > MAX_REASON) length--;
  return reason.slice(0, length);
}
