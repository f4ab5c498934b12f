import { createConnection, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { MessageType } from '../src/wamp/messages/message-type.ts';
import type { MatchPolicy } from '../src/wamp/uri.ts';
import { FrameScanner } from './frame-scanner.ts';
import { type List, listFormats } from './list-format.ts';
import type { Endpoint, MeasuredRouter } from './measured-router.ts';
import { MessageHead } from './message-head.ts';

import { frameOf, greeting, greetingEnd, type WireName } from './wire-format.ts';

/** The read buffer of all sockets. Its content is valid only during the call. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);

/** The topic or pattern of a subscription. */
export interface Pattern {
  readonly topic: string;
  readonly match: MatchPolicy;
}

/** Called for each message under load. `code` and `id` are its first two elements. */
export interface LoadListener {
  message(code: number, id: number, bytes: Buffer, start: number, end: number): void;
  /** Called after all messages of one read. */
  chunkEnd(): void;
}

/** A WAMP session on a plain socket. */
export class LoadSession {
  readonly wire: WireName;
  readonly #socket: Socket;
  readonly #scanner: FrameScanner;
  readonly #head: MessageHead;
  #greeted = false;
  #onGreeted: (() => void) | undefined;
  #early: Buffer = Buffer.alloc(0);
  #answer: ((list: List) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;
  #listener: LoadListener | undefined;
  #error: Error | undefined;

  private constructor(wire: WireName, endpoint: Endpoint) {
    this.wire = wire;
    this.#head = new MessageHead(wire.serializer);
    this.#scanner = new FrameScanner(wire.transport, (bytes, start, end) => this.#frame(bytes, start, end));
    this.#socket = createConnection({
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length, buffer) => {
          this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      },
    });
    this.#socket.on('error', error => this.#failed(error));
    this.#socket.on('close', () => this.#failed(new Error('the router closed the connection')));
    this.#socket.write(greeting(wire, endpoint));
  }

  static async join(wire: WireName, router: Pick<MeasuredRouter, 'realm' | 'endpoint'>): Promise<LoadSession> {
    const session = new LoadSession(wire, router.endpoint(wire.transport));
    await new Promise<void>((resolve, reject) => {
      session.#onGreeted = resolve;
      session.#fail = reject;
    });
    const roles = { publisher: {}, subscriber: {}, caller: {}, callee: {} };
    await session.request([MessageType.Hello, router.realm, { roles }], MessageType.Welcome);
    return session;
  }

  /** Sends a message and waits for the next one, which must have the code `expected`. */
  async request(list: List, expected: number): Promise<List> {
    const answer = await new Promise<List>((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
      if (this.#error === undefined) this.write(frameOf(this.wire, listFormats[this.wire.serializer].write(list)));
      else reject(this.#error);
    });
    this.#answer = undefined;
    this.#fail = undefined;
    if (answer[0] !== expected) throw new Error(`the router answered ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Subscribes to all of these without waiting for each answer. */
  subscribe(patterns: readonly Pattern[]): Promise<void> {
    const { write } = listFormats[this.wire.serializer];
    const frames = patterns.map(({ topic, match }, i) => {
      const options = match === 'exact' ? {} : { match };
      return frameOf(this.wire, write([MessageType.Subscribe, i + 1, options, topic]));
    });
    return new Promise((resolve, reject) => {
      let left = frames.length;
      this.#fail = reject;
      this.#answer = list => {
        if (list[0] !== MessageType.Subscribed) reject(new Error(`the router answered ${JSON.stringify(list)}`));
        else if (--left === 0) resolve();
      };
      if (left === 0) resolve();
      else this.write(Buffer.concat(frames));
    });
  }

  /** From now on `listener` receives the messages undecoded. */
  listen(listener: LoadListener): void {
    this.#listener = listener;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Stops reading. */
  stall(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#greeted) {
      this.#scanner.push(chunk);
      this.#listener?.chunkEnd();
      return;
    }
    this.#early = Buffer.concat([this.#early, chunk]);
    const end = greetingEnd(this.wire, this.#early);
    if (end === 0) return;
    this.#greeted = true;
    this.#onGreeted?.();
    if (end < this.#early.length) this.#scanner.push(this.#early.subarray(end));
  }

  #frame(bytes: Buffer, start: number, end: number): void {
    if (this.#listener === undefined) {
      const frame = Buffer.from(bytes.subarray(start, end));
      try {
        this.#answer?.(listFormats[this.wire.serializer].read(frame));
      } catch {
        // Not a message: most likely the close frame of a WebSocket.
        this.#failed(new Error(`the router said ${frame.toString('latin1')}`));
      }
      return;
    }
    this.#head.read(bytes, start);
    this.#listener.message(this.#head.code, this.#head.id, bytes, start, end);
  }

  #failed(error: Error): void {
    this.#error ??= error;
    this.#fail?.(error);
  }
}

/** Whether the message in `bytes` from `start` to `end` ends with exactly these arguments. */
export function endsIn(wire: WireName, bytes: Buffer, start: number, end: number, tail: List): boolean {
  const list = listFormats[wire.serializer].read(Buffer.from(bytes.subarray(start, end)));
  return isDeepStrictEqual(list.slice(-tail.length), tail);
}
