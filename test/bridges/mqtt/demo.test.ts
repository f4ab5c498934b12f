import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mqttConfig } from '../../../bridges/mqtt/config/mqtt-config.ts';
import { climateAt, greenhouse } from '../../../bridges/mqtt/demo.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../../support/until.ts';
import { BridgeHarness } from './bridge-harness.ts';

describe('greenhouse', () => {
  it('simulates slowly varying values', () => {
    let before = climateAt(0);
    let doors = 0;
    for (let second = 1; second < 3600; second++) {
      const now = climateAt(second * 1000);
      assert.ok(now.temperature > 15 && now.temperature < 30);
      assert.ok(now.humidity > 40 && now.humidity < 80);
      assert.ok(Math.abs(now.temperature - before.temperature) < 0.5);
      if (now.open !== before.open) doors += 1;
      before = now;
    }
    assert.ok(doors > 4 && doors < 100, `the door moved ${doors} times`);
  });

  it('connects through the broker and publishes on the realm', async () => {
    await using harness = await BridgeHarness.start();
    const heard = await harness.hear('mqtt.greenhouse.');
    const clock = new FakeClock();
    const dialRawSocket = (): Promise<never> => Promise.reject(new Error('not needed'));
    const config = greenhouse.prepare(mqttConfig.parse({ port: harness.port }));
    await using demo = await greenhouse.start(config, { clock, log: silentLogger, realm: 'realm1', dialRawSocket });
    assert.equal(demo.banner.length, 1);
    clock.advance(3000);
    const count = (topic: string): number => heard.filter(event => event.topic === topic).length;
    await until('values have come', () => count('mqtt.greenhouse.climate.humidity') === 4);
    await until('the door has come', () => count('mqtt.greenhouse.door') === 1);
    await until('the status has come', () => count('mqtt.greenhouse.status') === 1);
    assert.equal(count('mqtt.greenhouse.climate.temperature'), 4);
    for (const { topic, args } of heard) {
      if (topic.includes('climate')) assert.equal(typeof args[0], 'number');
    }
  });
});
