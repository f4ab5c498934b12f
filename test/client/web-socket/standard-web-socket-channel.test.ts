import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type StandardWebSocket,
  StandardWebSocketChannel,
} from '../../../src/client/web-socket/standard-web-socket-channel.ts';
import { ProtocolViolation } from '../../../src/wamp/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { settle } from '../router-peer.ts';

class ScriptedSocket implements StandardWebSocket {
  binaryType = 'arraybuffer';
  protocol = '';
  bufferedAmount = 0;
  onopen: StandardWebSocket['onopen'] = null;
  onmessage: StandardWebSocket['onmessage'] = null;
  onerror: StandardWebSocket['onerror'] = null;
  onclose: StandardWebSocket['onclose'] = null;
  readonly sent: (string | Uint8Array)[] = [];
  readonly closes: [number | undefined, string | undefined][] = [];

  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }

  close(code?: number, reason?: string): void {
    this.closes.push([code, reason]);
  }
}

function channel(binary: boolean) {
  const socket = new ScriptedSocket();
  const clock = new FakeClock();
  const made = new StandardWebSocketChannel(socket, binary, clock);
  const said: unknown[] = [];
  made.attach({
    receiveFrame: frame => said.push(frame),
    drained: () => said.push('drained'),
    refuse: violation => said.push(violation instanceof ProtocolViolation && violation.message),
    closed: reason => said.push(`closed: ${reason}`),
  });
  return { socket, clock, channel: made, said };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('channel over a standard WebSocket', () => {
  it('uses text or binary frames as the serializer requires, and refuses the other type', () => {
    const text = channel(false);
    text.channel.write(bytes('[1,"ä"]'));
    text.socket.onmessage?.({ data: '[2,"ö"]' });
    text.socket.onmessage?.({ data: new ArrayBuffer(1) });
    assert.deepEqual(text.socket.sent, ['[1,"ä"]']);
    assert.deepEqual(text.said, [
      bytes('[2,"ö"]'),
      'expected frames of the other type for this serializer, received a binary frame',
    ]);

    const binary = channel(true);
    binary.channel.write(new Uint8Array([1, 2]));
    binary.socket.onmessage?.({ data: new Uint8Array([3]).buffer });
    binary.socket.onmessage?.({ data: '3' });
    assert.deepEqual(binary.socket.sent, [new Uint8Array([1, 2])]);
    assert.deepEqual(binary.said, [
      new Uint8Array([3]),
      'expected frames of the other type for this serializer, received a text frame',
    ]);
  });

  it('reports when a full buffer has drained', () => {
    const { socket, clock, channel: one, said } = channel(true);
    socket.bufferedAmount = 64 * 1024;
    one.write(new Uint8Array(1));
    assert.equal(clock.timers, 0);
    socket.bufferedAmount++;
    one.write(new Uint8Array(1));
    one.write(new Uint8Array(1));
    assert.deepEqual([clock.timers, one.queuedBytes], [1, 64 * 1024 + 1]);
    clock.advance(1000);
    assert.deepEqual(said, []);
    socket.bufferedAmount = 0;
    clock.advance(20);
    assert.deepEqual([said, clock.timers], [['drained'], 0]);
  });

  it('closes with a code that a browser may send, and the part of the reason that fits [RFC6455-5.5]', () => {
    const normal = channel(true);
    normal.channel.end('normal', 'bye');
    normal.channel.end('normal', 'again');
    normal.channel.write(new Uint8Array(1));
    assert.deepEqual([normal.socket.closes, normal.socket.sent], [[[1000, 'bye']], []]);
    const violation = channel(true);
    violation.channel.end('violation', '€'.repeat(100));
    assert.deepEqual(violation.socket.closes, [[4000, '€'.repeat(41)]]);
  });

  it('reports the reason of closing once', async () => {
    const cases: [number, string, string][] = [
      [1000, '', 'the connection was closed'],
      [1001, '', 'the router is going away'],
      [1006, '', 'the connection was lost'],
      [1009, '', 'the connection was closed with code 1009'],
      [1000, 'enough', 'enough'],
    ];
    for (const [code, reason, expected] of cases) {
      const { socket, channel: one, said } = channel(true);
      socket.onclose?.({ code, reason });
      socket.onclose?.({ code, reason });
      one.destroy('too late');
      await settle();
      assert.deepEqual(said, [`closed: ${expected}`]);
    }
  });

  it('does not wait for a dead peer when it is destroyed', async () => {
    const { socket, clock, channel: one, said } = channel(true);
    socket.bufferedAmount = 1_000_000;
    one.write(new Uint8Array(1));
    one.destroy('too slow');
    assert.deepEqual(said, [], 'never from within');
    await settle();
    assert.deepEqual([said, clock.timers, socket.closes.length], [['closed: too slow'], 0, 1]);
    socket.onmessage?.({ data: new ArrayBuffer(1) });
    socket.onclose?.({ code: 1006, reason: '' });
    assert.equal(said.length, 1);
  });
});
