import { connect, type IClientOptions, type MqttClient, type Packet } from 'mqtt';
import { until } from './until.ts';

/** One connection of a client with a kept session, and the messages that the broker sent in it. */
export class MqttTestClient implements AsyncDisposable {
  readonly client: MqttClient;
  readonly packets: Packet[] = [];
  /** CONNACK said that the broker has a session of this client. */
  present = false;
  #markers = 0;

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('error', () => {});
    client.on('packetreceive', packet => this.packets.push(packet));
  }

  static async connect(port: number, clientId: string, options: IClientOptions = {}): Promise<MqttTestClient> {
    const client = connect({
      ...{ host: '127.0.0.1', port, clientId, clean: false, reconnectPeriod: 0, resubscribe: false, keepalive: 0 },
      ...options,
    });
    const mqttClient = new MqttTestClient(client);
    await new Promise<void>((resolve, reject) => {
      client.once('connect', ({ sessionPresent }) => {
        mqttClient.present = sessionPresent === true;
        resolve();
      });
      client.once('error', reject);
      client.once('close', () => reject(new Error('the broker has closed the connection')));
    });
    return mqttClient;
  }

  /** `topic payload qos` of the received messages, with `*` if retained. Payloads that are not text are in hex. */
  get received(): string[] {
    return this.packets.flatMap(packet => {
      if (packet.cmd !== 'publish' || packet.topic.startsWith('marker/')) return [];
      const bytes = Buffer.from(packet.payload);
      const text =
        bytes.equals(Buffer.from(bytes.toString())) && !bytes.includes(0) ? `${bytes}` : bytes.toString('hex');
      return [`${packet.topic} ${text} ${packet.qos}${packet.retain ? '*' : ''}`];
    });
  }

  /** Waits until all messages of QoS 1 and 2 for this session have arrived. */
  async drained(): Promise<string[]> {
    // A message that is published now arrives after them.
    const topic = `marker/${this.client.options.clientId}/${++this.#markers}`;
    await this.client.subscribeAsync(topic, { qos: 1 });
    await this.client.publishAsync(topic, '', { qos: 1 });
    await until(
      'the marker',
      () => this.packets.some(packet => packet.cmd === 'publish' && packet.topic === topic),
      30,
    );
    await this.client.unsubscribeAsync(topic);
    return this.received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }
}
