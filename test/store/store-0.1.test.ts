// Opens a store of version 0.1 with the current program. test/fixtures/store-0.1/README.md lists its content.
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rawPacket } from '../bridges/mqtt/raw-packets.ts';
import { Folder } from '../support/folder.ts';
import { MqttTestClient } from '../support/mqtt-test-client.ts';
import { StoredGateway } from '../support/stored-gateway.ts';
import { until } from '../support/until.ts';

const fixture = fileURLToPath(new URL('../../../test/fixtures/store-0.1/store', import.meta.url));
/** The store is opened long after it was written. */
const CENTURY = 3_155_760_000_000;
const PUMP = { username: 'pump', password: 'secret' };

describe('a store that version 0.1 wrote', () => {
  const folder = new Folder();
  let gateway: StoredGateway;
  let watcher: MqttTestClient;

  before(async () => {
    await cp(fixture, folder.file('data'), { recursive: true });
    gateway = await StoredGateway.start({
      folder: folder.path,
      mqtt: `sessionExpiry: ${CENTURY}, queue: { maxAge: ${CENTURY} },`,
      more: 'principals:\n  - { authid: pump, role: device, ticket: secret }\n',
    });
    // Wills are published ten seconds after the start, so the subscriber is present before.
    watcher = await MqttTestClient.connect(gateway.mqttPort, 'watcher', { clean: true });
    await watcher.client.subscribeAsync('wills/#', { qos: 2 });
  });
  after(async () => {
    await watcher[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  /** A client with a session connects and receives its queued messages. */
  async function visit(clientId: string, options = {}): Promise<string[]> {
    await using mqttClient = await MqttTestClient.connect(gateway.mqttPort, clientId, options);
    assert.equal(mqttClient.present, true, `${clientId} has a session`);
    return await mqttClient.drained();
  }

  /** The messages on `topics` that reach the session without a new SUBSCRIBE. */
  async function subscribed(clientId: string, topics: readonly string[], options = {}): Promise<string[]> {
    await using mqttClient = await MqttTestClient.connect(gateway.mqttPort, clientId, options);
    await mqttClient.drained();
    const before = mqttClient.received.length;
    await using writer = await MqttTestClient.connect(gateway.mqttPort, 'writer-of-now', { clean: true });
    for (const topic of topics) await writer.client.publishAsync(topic, 'now', { qos: 2 });
    return (await mqttClient.drained()).slice(before);
  }

  it('keeps queued messages of QoS 1 and 2 for sessions, in order, with any bytes', async () => {
    assert.deepEqual(await visit('reader'), [
      'plain/1 first 1',
      'plain/2 second 2',
      'plain/binary 00ff8001 2',
      'plain/empty  1',
      'ünï/温度/küche 21.5 °C 2',
      'work/1 job 1 1',
      'work/3 job 3 1',
      'plain/half once 2',
    ]);
    assert.deepEqual(await visit('worker'), ['work/2 job 2 1', 'work/4 job 4 1']);
    assert.deepEqual(await visit('empty'), []);
  });

  it('keeps sessions of principals with their owners', async () => {
    await assert.rejects(MqttTestClient.connect(gateway.mqttPort, 'pump-1'), /Identifier rejected|Not authorized/i);
    assert.deepEqual(await visit('pump-1', PUMP), ['private/1 for pump alone 1']);
    assert.deepEqual(await subscribed('pump-1', ['private/2'], PUMP), ['private/2 now 1']);
  });

  it('keeps subscriptions, shared ones too, with their QoS', async () => {
    assert.deepEqual(await subscribed('reader', ['plain/x', 'plain/one', 'ünï/温度/x', 'other/a']), [
      'plain/x now 2',
      'plain/one now 2',
      'ünï/温度/x now 2',
    ]);
    assert.deepEqual(await subscribed('worker', ['other/x', 'x/a']), ['x/a now 2']);
  });

  it('continues QoS 2 flows in both directions', async () => {
    await using receiver = await MqttTestClient.connect(gateway.mqttPort, 'half-received');
    assert.equal(receiver.present, true);
    assert.deepEqual(await receiver.drained(), ['half/2 was sent 2'], 'half/1 had PUBREC: only PUBREL is left of it');
    assert.equal(receiver.packets.filter(({ cmd }) => cmd === 'pubrel').length, 2);

    await using reader = await MqttTestClient.connect(gateway.mqttPort, 'reader');
    await using sender = await MqttTestClient.connect(gateway.mqttPort, 'half-sent');
    assert.equal(sender.present, true);
    // PUBLISH again, because its PUBREC may have been lost, then PUBREL.
    const id = Buffer.of(0, 7);
    const topic = Buffer.from('\0\nplain/half');
    sender.client.stream.write(Buffer.concat([rawPacket(0x3c, topic, id, Buffer.from('once')), rawPacket(0x62, id)]));
    await until('PUBCOMP', () => sender.packets.some(({ cmd }) => cmd === 'pubcomp'));
    const again = (await reader.drained()).filter(text => text.startsWith('plain/half '));
    assert.deepEqual(again, [], 'it was delivered before');
  });

  it('keeps sessions and messages from before the clock was set, and old ones', async () => {
    assert.deepEqual(await visit('before-the-clock-was-set'), ['early/1 from 1970 1', 'early/2 from 1970, too 1']);
    assert.deepEqual(await visit('connected-before-the-clock-was-set'), ['early/2 from 1970, too 1']);
    assert.deepEqual(await visit('nearly-expired'), ['old/1 a week old 1']);
  });

  it('keeps retained messages, and publishes the wills of connected clients', async () => {
    await until('the wills', () => watcher.received.length === 3, 30);
    assert.deepEqual(watcher.received, ['wills/clean 010002 2', 'wills/pump pump 0', 'wills/kept kept 1']);
    await using reader = await MqttTestClient.connect(gateway.mqttPort, 'reader-of-all', { clean: true });
    await reader.client.subscribeAsync('#', { qos: 2 });
    // Retained messages are sent in turns, mixed with other messages.
    const own = (): string[] => reader.received.filter(text => text.endsWith('*') && !/^(presence|\$)/.test(text));
    await until('all that is retained', () => own().length >= 14);
    assert.deepEqual(
      own().sort(),
      [
        '/retained an empty level at the beginning 1*',
        `${Array.from({ length: 200 }, () => 'l').join('/')} 200 levels 1*`,
        'retained/ an empty level at the end 1*',
        'retained//empty an empty level 1*',
        'retained/binary 00fffe 1*',
        'retained/early from 1970 1*',
        `retained/large ${'x'.repeat(5000)} 1*`,
        'retained/old a week old 1*',
        'retained/one one 1*',
        'retained/text hello 0*',
        'retained/two two 2*',
        'wills/kept kept 1*',
        'wills/pump pump 0*',
        'ретейн/温度 üñï 1*',
      ].sort(),
    );
  });
});
