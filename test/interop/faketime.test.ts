// Sets the wall clock with Debian's faketime, while the gateway runs and between two runs. The change deletes no stored
// data, and old data is still deleted. The monotonic clock does not change.
import assert from 'node:assert/strict';
import { cp, readdir, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Folder } from '../support/folder.ts';
import { MqttTestClient } from '../support/mqtt-test-client.ts';
import { StoredGateway } from '../support/stored-gateway.ts';

const fixture = fileURLToPath(new URL('../../../test/fixtures/store-0.1/store', import.meta.url));
/** The path that Debian's `faketime` uses. */
const LIBRARY = '/usr/$LIB/faketime/libfaketime.so.1';
/** The broker looks for expired data every 30 seconds, so it has done so after these milliseconds. */
const LOOKED = 34_000;
const COUNT = 100;

const UNSET = '1970-01-01T01:00:00Z';
const NOW = '2026-11-30T12:00:00Z';

/** A gateway whose wall clock the test sets. */
class Site implements AsyncDisposable {
  readonly folder = new Folder();
  #gateway: StoredGateway | undefined;

  get gateway(): StoredGateway {
    assert.ok(this.#gateway);
    return this.#gateway;
  }

  get mqttPort(): number {
    return this.gateway.mqttPort;
  }

  async set(time: string): Promise<void> {
    const offset = Math.round((Date.parse(time) - Date.now()) / 1000);
    await writeFile(this.folder.file('time'), `${offset < 0 ? '' : '+'}${offset}\n`);
  }

  async start(time: string): Promise<void> {
    await this.set(time);
    if (this.#gateway !== undefined) return await this.#gateway.start();
    const env = {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.folder.file('time'),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    this.#gateway = await StoredGateway.start({ folder: this.folder.path, env });
  }

  /** Creates a session, disconnects its client, and publishes messages that the broker acknowledges for it. */
  async keep(): Promise<void> {
    {
      await using mqttClient = await MqttTestClient.connect(this.mqttPort, 'away');
      await mqttClient.client.subscribeAsync('t', { qos: 1 });
      await mqttClient.client.endAsync();
    }
    await using publisher = await MqttTestClient.connect(this.mqttPort, 'publisher', { clean: true });
    for (let n = 0; n < COUNT; n++) await publisher.client.publishAsync('t', `${n}`, { qos: 1 });
  }

  /** Returns the number of messages in the session, or undefined if the session does not exist. */
  async kept(clientId = 'away'): Promise<number | undefined> {
    await using mqttClient = await MqttTestClient.connect(this.mqttPort, clientId);
    if (!mqttClient.present) return undefined;
    return (await mqttClient.drained()).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway?.[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

const looked = (): Promise<void> => new Promise(resolve => setTimeout(resolve, LOOKED));

describe('a gateway whose wall clock is set', { concurrency: true }, () => {
  it('logs the time of faketime', async () => {
    // The hour may differ, because faketime may be off by a second.
    await using site = new Site();
    await site.start(UNSET);
    assert.match(site.gateway.output, /"time":"1970-01-01T0[01]:/);
    await site.set(NOW);
    await site.keep();
    assert.match(site.gateway.output, /"time":"2026-11-30T1[12]:/);
  });

  for (const [from, to] of [
    [UNSET, NOW],
    [NOW, UNSET],
    [NOW, '2027-06-01T00:00:00Z'],
    [NOW, '2025-06-01T00:00:00Z'],
  ] as const) {
    it(`deletes nothing if the clock is set from ${from} to ${to}`, async () => {
      await using site = new Site();
      await site.start(from);
      await site.keep();
      await site.set(to);
      await looked();
      assert.equal(await site.kept(), COUNT);
    });
  }

  for (const end of ['SIGTERM', 'SIGKILL'] as const) {
    it(`deletes nothing if the clock was not set in the previous run, which ${end} ended`, async () => {
      await using site = new Site();
      await site.start(UNSET);
      await site.keep();
      await using _connected = await MqttTestClient.connect(site.mqttPort, 'connected');
      await site.gateway.stop(end);
      await site.start(NOW);
      await looked();
      assert.equal(await site.kept(), COUNT);
      assert.equal(await site.kept('connected'), 0);
      assert.match(site.gateway.output, /the clock was not set when the record was written/);
    });

    it(`deletes nothing if the clock was set to another year before ${end} ended the run`, async () => {
      await using site = new Site();
      await site.start('2025-01-01T00:00:00Z');
      await site.keep();
      await site.set(NOW);
      // In these seconds the gateway writes nothing except the record of the new time.
      await new Promise(resolve => setTimeout(resolve, 3_000));
      await site.gateway.stop(end);
      await site.start(NOW);
      await looked();
      assert.equal(await site.kept(), COUNT);
    });

    it(`deletes nothing if the clock goes back after ${end}`, async () => {
      await using site = new Site();
      await site.start(NOW);
      await site.keep();
      await site.gateway.stop(end);
      await site.start(UNSET);
      await looked();
      assert.equal(await site.kept(), COUNT);
      assert.match(site.gateway.output, /the clock went back/);
    });

    it(`deletes a session that expired more than a week after ${end}`, async () => {
      await using site = new Site();
      await site.start(NOW);
      await site.keep();
      await site.gateway.stop(end);
      await site.start('2026-12-08T12:00:00Z');
      await looked();
      assert.equal(await site.kept(), undefined);
    });
  }

  it('interprets the times of version 0.1 correctly', async () => {
    await using site = new Site();
    await cp(fixture, site.folder.file('data'), { recursive: true });
    assert.ok((await readdir(site.folder.file('data'))).includes('CURRENT'));
    await site.start('2026-11-26T23:10:00Z');
    await looked();
    assert.equal(await site.kept('before-the-clock-was-set'), 2);
    assert.equal(await site.kept('connected-before-the-clock-was-set'), 1);
    assert.equal(await site.kept('nearly-expired'), 1);
    assert.equal(await site.kept('reader'), 8);
    await site.gateway.stop('SIGKILL');
    await site.start('2026-11-26T23:20:00Z');
    assert.equal(await site.kept('empty'), 0);
  });
});
