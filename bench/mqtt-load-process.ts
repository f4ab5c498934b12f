// Generates the load of `mqtt-to-wamp.ts` in its own process: MQTT publishers and the subscribers.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { rawPacket, rawSubscribe } from '../test/bridges/mqtt/raw-packets.ts';
import { LoadSession } from './load-session.ts';
import type { Endpoint } from './measured-router.ts';
import { type MqttLoad, PAYLOAD, PUBLISHERS, type Qos, TOPIC, WINDOW } from './mqtt-load.ts';
import { openMqtt } from './open-mqtt.ts';
import { wire } from './samples.ts';

function isLoad(value: unknown): value is MqttLoad {
  return typeof value === 'object' && value !== null && 'port' in value && 'messages' in value;
}

/** Resolves when this number of bytes has arrived. */
function receive(socket: Socket, bytes: number): Promise<void> {
  let missing = bytes;
  return new Promise(resolve => {
    const count = (chunk: Buffer): void => {
      missing -= chunk.length;
      if (missing > 0) return;
      socket.off('data', count);
      resolve();
    };
    socket.on('data', count);
  });
}

function publishPacket(qos: Qos, id: number): Buffer {
  const topic = Buffer.from(TOPIC);
  const idBytes = qos === 0 ? Buffer.alloc(0) : Buffer.of(id >> 8, id & 0xff);
  return rawPacket(qos === 0 ? 0x30 : 0x32, Buffer.of(0, topic.length), topic, idBytes, Buffer.from(PAYLOAD));
}

async function flood(socket: Socket, qos: Qos, messages: number): Promise<void> {
  const window = Buffer.concat(Array.from({ length: WINDOW }, (_, index) => publishPacket(qos, index + 1)));
  for (let sent = 0; sent < messages; sent += WINDOW) {
    const acknowledged = qos === 0 ? undefined : receive(socket, 4 * WINDOW);
    if (!socket.write(window)) await once(socket, 'drain');
    await acknowledged;
  }
}

/** Subscribes as an MQTT client. Resolves when all messages have arrived. */
async function subscribeMqtt(socket: Socket, messages: number): Promise<() => Promise<void>> {
  socket.write(rawSubscribe('plant/#'));
  await once(socket, 'data');
  // The subscription has QoS 0, so every copy has the length of a QoS 0 packet.
  const all = receive(socket, publishPacket(0, 0).length * messages);
  return () => all;
}

/** Subscribes as a WAMP client. Resolves when all events have arrived. */
async function subscribeWamp(endpoint: Endpoint, messages: number): Promise<() => Promise<void>> {
  const session = await LoadSession.join(wire('raw', 'json'), { realm: 'realm1', endpoint: () => endpoint });
  await session.subscribe([{ topic: 'mqtt.', match: 'prefix' }]);
  let heard = 0;
  const all = new Promise<void>(resolve => {
    session.listen({
      message: () => {
        if (++heard === messages) resolve();
      },
      chunkEnd: () => {},
    });
  });
  return () => all.then(() => session.close());
}

async function load({ port, qos, messages, mqtt, wamp }: MqttLoad): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: PUBLISHERS }, (_, index) => openMqtt(port, `load-${index}`)));
  const arrivals: (() => Promise<void>)[] = [];
  if (mqtt) {
    const subscriber = await openMqtt(port, 'subscriber');
    sockets.push(subscriber);
    arrivals.push(await subscribeMqtt(subscriber, messages));
  }
  if (wamp !== undefined) arrivals.push(await subscribeWamp(wamp, messages));
  process.send?.('ready');
  await once(process, 'message');
  await Promise.all(sockets.slice(0, PUBLISHERS).map(socket => flood(socket, qos, messages / PUBLISHERS)));
  await Promise.all(arrivals.map(arrived => arrived()));
  process.send?.('done');
  await once(process, 'message');
  for (const socket of sockets) socket.destroy();
}

process.send?.('here');
const [ask]: unknown[] = await once(process, 'message');
if (!isLoad(ask)) throw new Error('the load process was asked for something else');
await load(ask);
process.disconnect();
