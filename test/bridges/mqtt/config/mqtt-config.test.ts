import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mqttConfig } from '../../../../bridges/mqtt/config/mqtt-config.ts';

describe('mqttConfig', () => {
  it('is secure by default', () => {
    const config = mqttConfig.parse({});
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.anonymous, 'loopback');
    assert.equal(config.maxPacketSize, 256 * 1024);
    assert.deepEqual(config.publish, { qos: 0, retain: 'keep' });
  });

  it('its errors name the invalid value and the valid ones', () => {
    const wrong: [unknown, RegExp][] = [
      [{ port: 70_000 }, /from 0 to 65535/],
      [{ port: '1883' }, /whole number/],
      [{ prefix: 'mqtt' }, /end in a dot/],
      [{ prefix: 'wamp.mqtt.' }, /reserved/],
      [{ anonymous: 'yes' }, /"loopback", "any" or "none"/],
      [{ publish: { qos: 3 } }, /0, 1 or 2/],
      [{ maxPacketSize: 1 }, /at least 128 bytes/],
      [{ prot: 1 }, /prot/],
    ];
    for (const [config, message] of wrong) {
      const result = mqttConfig.safeParse(config);
      assert.ok(!result.success, JSON.stringify(config));
      assert.match(result.error.issues.map(issue => issue.message).join(), message);
    }
  });
});
