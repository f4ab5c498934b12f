import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FloodPeer } from '../test/support/flood-peer.ts';
import type { GatewayPorts } from '../test/support/gateway-process.ts';

/** An action of a client that could delay other clients. */
export interface HostileAttack {
  readonly name: string;
  /** Prepares the attack; not measured. */
  readonly prepare?: (ports: GatewayPorts) => Promise<void>;
  /** Attacks until `over`, or until the attack is complete. */
  readonly run: (ports: GatewayPorts, over: () => boolean) => Promise<void>;
}

const pause = (milliseconds: number): Promise<void> => new Promise(done => setTimeout(done, milliseconds));

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function packet(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const rest = Buffer.concat(parts);
  const length: number[] = [];
  for (let left = rest.length; length.length === 0 || left > 0; left >>= 7) {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
  }
  return Buffer.concat([Uint8Array.of(first, ...length), rest]);
}

const id = (i: number): Buffer => Buffer.of((i >> 8) & 0xff, i & 0xff);

async function mqtt({ mqtt: port }: GatewayPorts, client: string, clean = true, will = ''): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  socket.setMaxListeners(0);
  socket.resume();
  await once(socket, 'connect');
  const flags = (clean ? 2 : 0) | (will === '' ? 0 : 4 | 8);
  const parts = will === '' ? [] : [text(will), text('gone')];
  socket.write(packet(0x10, text('MQTT'), Uint8Array.of(4, flags, 0, 0), text(client), ...parts));
  await once(socket, 'data');
  return socket;
}

async function write(socket: Socket, bytes: Buffer): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
}

function publish(i: number, topic: string, payload: string, retain = false): Buffer {
  return packet(0x32 | (retain ? 1 : 0), text(topic), id((i % 60_000) + 1), Buffer.from(payload));
}

const retainedByMqtt = (topics: number) => async (ports: GatewayPorts) => {
  const socket = await mqtt(ports, `keeper-${topics}`);
  for (let i = 0; i < topics; i++) await write(socket, publish(i, `kept/${topics}/${i}`, 'x', true));
  await pause(1000);
  socket.destroy();
};

/** Disconnected sessions with full queues. */
const away = (sessions: number) => async (ports: GatewayPorts) => {
  for (let n = 0; n < sessions; n++) {
    const socket = await mqtt(ports, `away${n}`, false);
    socket.write(packet(0x82, id(1), text('busy/#'), Uint8Array.of(1)));
    await once(socket, 'data');
    socket.destroy();
  }
  const socket = await mqtt(ports, 'filler');
  for (let i = 0; i < 10_500; i++) await write(socket, publish(i, 'busy/topic', 'x'));
  await pause(2000);
  socket.destroy();
};

/** Sends one SUBSCRIBE packet with this number of filters, then waits for the answers. */
const subscribeOnce = (filters: readonly string[]) => async (ports: GatewayPorts, over: () => boolean) => {
  const socket = await mqtt(ports, 'greedy');
  const parts = filters.map(filter => Buffer.concat([text(filter), Uint8Array.of(0)]));
  await write(socket, packet(0x82, id(1), ...parts));
  while (!over() && !socket.destroyed) await pause(50);
  socket.destroy();
};

/** A session that sends one kind of message as fast as it is read. */
const flood =
  (
    message: (peer: FloodPeer, i: number) => readonly unknown[],
    count = Number.POSITIVE_INFINITY,
  ): HostileAttack['run'] =>
  async ({ rawSocket }, over) => {
    const peer = await FloodPeer.join(rawSocket);
    for (let i = 0; i < count && !over() && !peer.ended; i++) {
      await peer.say(message(peer, i));
      if (i % 200 === 0) await pause(0);
    }
    await peer.flush();
    while (!over() && !peer.ended) await pause(50);
    peer[Symbol.dispose]();
  };

const retain: HostileAttack['prepare'] = async ({ rawSocket }) => {
  const peer = await FloodPeer.join(rawSocket);
  for (let i = 0; i < 20_000; i++) await peer.say([16, peer.next(), { retain: true }, `kept.${i}`, [i]]);
  await peer.say([48, peer.next(), {}, 'wamp.session.count']);
  await peer.heard(2);
  peer[Symbol.dispose]();
};

const dots = (i: number): string =>
  Array.from({ length: 100 }, (_, at) => ((i >> (at % 16)) & 1 ? 'x.' : 'y.')).join('.');

export const hostileAttacks: readonly HostileAttack[] = [
  {
    name: 'mqtt: 10,000 times # in one packet, 1000 retained topics',
    prepare: retainedByMqtt(1000),
    run: subscribeOnce(Array<string>(10_000).fill('#')),
  },
  {
    name: 'mqtt: 60,000 filters in one packet, 100 retained topics',
    prepare: retainedByMqtt(100),
    run: subscribeOnce(Array<string>(60_000).fill('kept/100/#')),
  },
  {
    name: 'mqtt: 42,500 filters that are refused',
    run: subscribeOnce(Array.from({ length: 42_500 }, (_, i) => `f/${i}`)),
  },
  {
    name: 'mqtt: messages for a session that is away and whose queue is full',
    prepare: away(1),
    run: async (ports, over) => {
      const socket = await mqtt(ports, 'busy');
      for (let i = 0; !over() && !socket.destroyed; i++) await write(socket, publish(i, 'busy/topic', 'x'));
      socket.destroy();
    },
  },
  {
    name: 'mqtt: messages for a session that is there and acknowledges nothing',
    run: async (ports, over) => {
      const silent = await mqtt(ports, 'silent', false);
      silent.write(packet(0x82, id(1), text('busy/#'), Uint8Array.of(1)));
      await once(silent, 'data');
      const socket = await mqtt(ports, 'busy');
      for (let i = 0; !over() && !socket.destroyed; i++) await write(socket, publish(i, 'busy/topic', 'x'));
      socket.destroy();
      silent.destroy();
    },
  },
  {
    name: 'mqtt: six sessions with 10,000 messages each end',
    prepare: away(6),
    run: async (ports, over) => {
      for (let n = 0; n < 6 && !over(); n++) {
        const socket = await mqtt(ports, `away${n}`);
        await pause(500);
        socket.destroy();
      }
    },
  },
  {
    name: 'mqtt: 500 clients with wills are gone at once, again and again',
    run: async (ports, over) => {
      while (!over()) {
        const names = Array.from({ length: 500 }, (_, n) => `will${n}`);
        const clients = names.map(name => mqtt(ports, name, true, `wills/${name}`));
        // Some are rejected.
        await Promise.race([Promise.allSettled(clients), pause(500)]);
        for (const client of clients) {
          client.then(
            socket => socket.destroy(),
            () => {},
          );
        }
        await pause(50);
      }
    },
  },
  {
    name: 'wamp: 20,000 retained events, asked for four at a time',
    prepare: retain,
    run: async ({ rawSocket }, over) => {
      const peer = await FloodPeer.join(rawSocket);
      while (!over() && !peer.ended) {
        const { frames } = peer;
        for (let i = 0; i < 4; i++) await peer.say([32, peer.next(), { match: 'prefix', get_retained: true }, 'kept.']);
        await peer.flush();
        while (!over() && !peer.ended && peer.frames < frames + 4 * 20_001) await pause(10);
      }
      peer[Symbol.dispose]();
    },
  },
  {
    name: 'wamp: retained topics of 200 components',
    run: flood((peer, i) => [16, peer.next(), { retain: true }, `w.${i}${'.a'.repeat(190)}`]),
  },
  {
    name: 'wamp: eight sessions at once, each with retained topics',
    run: async (ports, over) => {
      const one = (name: string) =>
        flood((peer, i) => [16, peer.next(), { retain: true }, `${name}.${i}${'.a'.repeat(50)}`])(ports, over);
      await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(one));
    },
  },
  {
    name: 'wamp: wildcards of 200 components',
    run: flood((peer, i) => [32, peer.next(), { match: 'wildcard' }, `w${i}.${dots(i).slice(0, 380)}`]),
  },
  {
    name: 'wamp: a session with 20,000 subscriptions leaves, again and again',
    run: async ({ rawSocket }, over) => {
      while (!over()) {
        const peer = await FloodPeer.join(rawSocket);
        for (let i = 0; i < 12_000 && !over(); i++) await peer.say([32, peer.next(), {}, `s.${i}`]);
        await peer.flush();
        while (!over() && !peer.ended && peer.frames < 12_000) await pause(10);
        peer[Symbol.dispose]();
      }
    },
  },
  {
    name: 'wamp: lists of all subscriptions',
    prepare: retain,
    run: flood(peer => [48, peer.next(), {}, 'wamp.subscription.list']),
  },
  {
    name: 'wamp: an audience of 10,000 names in each event',
    run: flood(peer => [16, peer.next(), { eligible: Array.from({ length: 9999 }, (_, n) => n) }, 'a.b']),
  },
  {
    name: 'http: connections that are refused',
    run: async ({ web }, over) => {
      const request =
        'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://evil.example\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
      const one = async (): Promise<void> => {
        while (!over()) {
          const socket = connect({ port: web, host: '127.0.0.1' });
          socket.on('error', () => {});
          socket.resume();
          socket.write(request);
          await new Promise(closed => socket.once('close', closed));
        }
      };
      await Promise.all(Array.from({ length: 8 }, one));
    },
  },
  {
    name: 'serial: arguments made against a pattern',
    run: flood(peer => [48, peer.next(), {}, 'serial.pot.say', [`${'a'.repeat(4000)}!`]]),
  },
];
