import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { BareSerializer } from './bare-serializer.ts';

/** A client's connection that carries transport messages as bytes. */
export interface BareWire {
  /** Sends one transport message, as text or binary. RawSocket makes no difference. */
  send(payload: Uint8Array, binary: boolean): void;
  /** Ends the connection without a closing handshake. */
  end(): void;
}

export interface BareWireReceiver {
  message(payload: Buffer, binary: boolean): void;
  /** `code`: the code of the WebSocket close frame. */
  closed(code?: number): void;
}

/** Opens a WebSocket with the subprotocol of a serializer, by the `ws` package. */
export async function openBareWebSocket(
  port: number,
  serializer: BareSerializer,
  receiver: BareWireReceiver,
): Promise<BareWire> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, [`wamp.2.${serializer.name}`], {
    perMessageDeflate: false,
    maxPayload: 2 ** 25,
  });
  socket.binaryType = 'nodebuffer';
  socket.on('message', (data: Buffer, binary: boolean) => receiver.message(data, binary));
  socket.on('close', code => receiver.closed(code));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return { send: (payload, binary) => socket.send(payload, { binary }), end: () => socket.terminate() };
}

/** Opens a RawSocket connection. `length`: LENGTH of the handshake, 2^(9 + length) bytes are the largest message. */
export async function openBareRawSocket(
  port: number,
  { code, binary }: BareSerializer,
  receiver: BareWireReceiver,
  length = 15,
): Promise<BareWire> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  let received = Buffer.alloc(0);
  let shaken = false;
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('close', () => reject(new Error('closed before the handshake')));
    socket.once('error', reject);
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk]);
      if (!shaken) {
        if (received.length < 4) return;
        const answer = received.subarray(0, 4).toString('hex');
        received = received.subarray(4);
        shaken = true;
        if (/^7f.[123]0000$/.test(answer)) resolve();
        else reject(new Error(`the handshake was answered with ${answer}`));
      }
      while (received.length >= 4) {
        const size = received.readUIntBE(1, 3) + (received[0] === 8 ? 2 ** 24 : 0);
        if (received.length < 4 + size) return;
        // PING and PONG are for tests that speak plain bytes.
        if (((received[0] ?? 0) & 7) === 0) receiver.message(Buffer.from(received.subarray(4, 4 + size)), binary);
        received = received.subarray(4 + size);
      }
    });
  });
  socket.on('close', () => receiver.closed());
  socket.on('error', () => {});
  socket.write(Buffer.from([0x7f, (length << 4) | code, 0, 0]));
  await opened;
  return {
    send: payload => {
      const header = Buffer.alloc(4);
      header.writeUInt32BE(payload.length);
      socket.write(Buffer.concat([header, payload]));
    },
    end: () => socket.destroy(),
  };
}
