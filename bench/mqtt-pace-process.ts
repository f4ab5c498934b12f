// Publishes at a steady rate and measures the latency to the subscriber, in its own process. Started by
// `mqtt-paced.ts`.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { MessageType } from '../src/wamp/messages/message-type.ts';
import { rawPacket, rawSubscribe } from '../test/bridges/mqtt/raw-packets.ts';
import { Latencies } from './latencies.ts';
import { listFormats } from './list-format.ts';
import { LoadSession } from './load-session.ts';
import { PAYLOAD, type Qos } from './mqtt-load.ts';
import type { MqttPace, Paced } from './mqtt-pace.ts';
import { openMqtt } from './open-mqtt.ts';
import { wire } from './samples.ts';
import { frameOf } from './wire-format.ts';

const DEVICE_TOPIC = 'plant/line4/press2/temperature';
const DEVICE_URI = `mqtt.${DEVICE_TOPIC.replaceAll('/', '.')}`;
function isPace(value: unknown): value is MqttPace {
  return typeof value === 'object' && value !== null && 'publishers' in value;
}

function publishPacket(qos: Qos, id: number): Buffer {
  const topic = Buffer.from(DEVICE_TOPIC);
  const idBytes = qos === 0 ? Buffer.alloc(0) : Buffer.of(id >> 8, id & 0xff);
  return rawPacket(qos === 0 ? 0x30 : 0x32, Buffer.of(0, topic.length), topic, idBytes, Buffer.from(PAYLOAD));
}

/** The position of the packet identifier of a PUBLISH. The payload follows it. */
const ID_AT = publishPacket(1, 1).length - PAYLOAD.length - 2;

/** Sends one message. */
type Publish = () => void;

async function mqttPublishers({ port, qos, publishers }: MqttPace): Promise<Publish[]> {
  return Promise.all(
    Array.from({ length: publishers }, async (_, index) => {
      const socket = await openMqtt(port, `device-${index}`);
      socket.on('data', () => {});
      let id = 0;
      return () => {
        id = (id % 0xffff) + 1;
        socket.write(publishPacket(qos, id));
      };
    }),
  );
}

async function wampPublishers({ endpoint, publishers }: MqttPace): Promise<Publish[]> {
  const json = wire('raw', 'json');
  const payload: unknown = JSON.parse(PAYLOAD);
  return Promise.all(
    Array.from({ length: publishers }, async () => {
      const session = await LoadSession.join(json, { realm: 'realm1', endpoint: () => endpoint });
      let request = 0;
      return () => {
        request += 1;
        session.write(frameOf(json, listFormats.json.write([MessageType.Publish, request, {}, DEVICE_URI, [payload]])));
      };
    }),
  );
}

/** Calls back for each received message, and acknowledges messages at QoS 1. */
async function mqttSubscriber({ port, qos }: MqttPace, arrived: () => void): Promise<void> {
  const socket = await openMqtt(port, 'subscriber');
  socket.write(rawSubscribe('plant/#', qos));
  await once(socket, 'data');
  const length = publishPacket(qos, 1).length;
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    const acknowledgements: Buffer[] = [];
    let at = 0;
    for (; rest.length - at >= length; at += length) {
      arrived();
      if (qos === 1) acknowledgements.push(rawPacket(0x40, rest.subarray(at + ID_AT, at + ID_AT + 2)));
    }
    rest = rest.subarray(at);
    if (acknowledgements.length > 0) socket.write(Buffer.concat(acknowledgements));
  });
}

async function wampSubscriber({ endpoint }: MqttPace, arrived: () => void): Promise<void> {
  const session = await LoadSession.join(wire('raw', 'json'), { realm: 'realm1', endpoint: () => endpoint });
  await session.subscribe([{ topic: 'mqtt.plant.', match: 'prefix' }]);
  session.listen({ message: arrived, chunkEnd: () => {} });
}

async function stall({ port, endpoint, stalled }: MqttPace): Promise<void> {
  if (stalled === 'MQTT') {
    const socket: Socket = await openMqtt(port, 'stalled');
    socket.write(rawSubscribe('#'));
    await once(socket, 'data');
    socket.pause();
  } else if (stalled === 'WebSocket') {
    const session = await LoadSession.join(wire('ws', 'json'), { realm: 'realm1', endpoint: () => endpoint });
    await session.subscribe([{ topic: 'mqtt.plant.', match: 'prefix' }]);
    session.stall();
  }
}

async function run(ask: MqttPace): Promise<Paced> {
  const latencies = new Latencies();
  // They arrive in order, or so nearly that the difference does not matter here.
  const sentAt: number[] = [];
  let received = 0;
  const arrived = (): void => {
    const at = sentAt[received++];
    if (at !== undefined) latencies.add(performance.now() - at);
  };
  await (ask.to === 'MQTT' ? mqttSubscriber(ask, arrived) : wampSubscriber(ask, arrived));
  await stall(ask);
  const publishers = await (ask.from === 'MQTT' ? mqttPublishers(ask) : wampPublishers(ask));
  process.send?.('ready');
  await once(process, 'message');
  const started = performance.now();
  const wanted = ask.rate * ask.seconds;
  while (sentAt.length < wanted) {
    const due = Math.min(((performance.now() - started) / 1000) * ask.rate, wanted);
    while (sentAt.length < due) {
      const publish = publishers[sentAt.length % publishers.length];
      sentAt.push(performance.now());
      publish?.();
    }
    await new Promise(next => setTimeout(next, 1));
  }
  for (let patience = 0; received < wanted && patience < 200; patience++) {
    await new Promise(next => setTimeout(next, 10));
  }
  return { latency: latencies.figures(), sent: sentAt.length, received };
}

process.send?.('here');
const [ask]: unknown[] = await once(process, 'message');
if (!isPace(ask)) throw new Error('the process was asked for something else');
process.send?.(await run(ask));
await once(process, 'message');
process.exit();
