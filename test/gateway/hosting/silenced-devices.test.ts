import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { bridges } from '../../../bridges/index.ts';
import type { ConfigInput } from '../../../src/gateway/config/config-schema.ts';
import { parseConfig } from '../../../src/gateway/config/load-config.ts';
import { silencedDevices, silencedInWords } from '../../../src/gateway/hosting/silenced-devices.ts';

const admin = { permissions: [{ uri: '', match: 'prefix', allow: ['publish', 'subscribe'] }] };

type Realm = NonNullable<ConfigInput['realms']>[number];
type Roles = NonNullable<Realm['roles']>;

function silenced(roles: object, bridgesOn: object, realm: Partial<Realm> = {}) {
  const config = { realms: [{ name: 'home', ...realm, roles: roles as Roles }], bridges: bridgesOn };
  return silencedDevices(parseConfig(config, bridges), bridges);
}

/** The roles with the proposed rule added at its place. */
function repaired(roles: Record<string, { permissions?: unknown[] }>, bridgesOn: object) {
  let all = structuredClone(roles);
  for (const { role, place, rule, ruleInOneLine } of silenced(roles, bridgesOn)) {
    const given: unknown = parse(rule.join('\n'));
    const [known, below] = [all[role] ?? {}, place.split('.').slice(2)];
    const oneLine: unknown = parse(below.length === 2 ? `[${ruleInOneLine}]` : `{ ${ruleInOneLine} }`);
    assert.deepEqual(oneLine, given);
    if (below.length === 0) all = { ...all, ...(given as typeof all) };
    else if (below.length === 1) all[role] = { ...known, ...(given as object) };
    else all[role] = { ...known, permissions: [...(known.permissions ?? []), ...(given as unknown[])] };
  }
  return all;
}

const ports = [{ id: 'gh', path: '/dev/ttyNONE', publish: [{ match: '(?<t>.*)', uri: 'env.{id}.{name}' }] }];
const everything = {
  mqtt: { anonymous: 'any', rules: [{ from: 'mqtt:a/{x}/t', to: 'wamp:room.{x}.t' }] },
  'cbor-tcp': {},
  serial: { ports },
};

describe('devices that roles silence', () => {
  it('are those of every enabled bridge if one role has permissions', () => {
    const found = silenced({ admin }, everything);
    assert.deepEqual(
      found.map(({ role, devices, missing }) => ({ role, devices, missing })),
      [
        { role: 'anonymous', devices: ['MQTT clients without credentials'], missing: ['publish'] },
        {
          role: 'device',
          devices: ['cbor-tcp devices admitted by name', 'serial device gh'],
          missing: ['publish', 'register'],
        },
      ],
    );
    assert.deepEqual(found[0]?.rule, [
      'anonymous:',
      '  permissions:',
      '    - { uri: "mqtt.", match: prefix, allow: [publish, subscribe, register] }',
      '    - { uri: "room..t", match: wildcard, allow: [publish] }',
    ]);
    assert.match(silencedInWords(found[0] ?? assert.fail())[0] ?? '', /MQTT clients .* may not publish on realm home/);
  });

  it('include MQTT clients without a mirror, because their messages are authorized under the prefix', () => {
    for (const mqtt of [
      { mirror: false },
      { mirror: false, broker: 'aedes' },
      { mirror: false, prefix: 'plant.mqtt.' },
    ]) {
      const on = { mqtt: { ...mqtt, anonymous: 'any' } };
      const [found] = silenced({ admin }, on);
      assert.deepEqual(found?.missing, ['publish'], JSON.stringify(mqtt));
      assert.match(
        found?.ruleInOneLine ?? '',
        /"(plant\.)?mqtt\.", match: prefix, allow: \[publish, subscribe, register\]/,
      );
      assert.deepEqual(silenced(repaired({ admin }, on), on), []);
    }
  });

  it('do not exist if no role has permissions, or bridges are off or admit only principals', () => {
    assert.deepEqual(silenced({ admin: {} }, everything), []);
    assert.deepEqual(silenced({ admin }, {}), []);
    assert.deepEqual(silenced({ admin }, { mqtt: { anonymous: 'none' }, 'cbor-tcp': { anonymous: 'none' } }), []);
    assert.deepEqual(silenced({ admin }, { mqtt: false, serial: { ports: [] } }), []);
  });

  it('do not exist if the role has a rule for a part of their actions', () => {
    for (const rule of [
      { uri: 'mqtt.tele.', match: 'prefix' },
      { uri: 'mqtt.tele.plug.STATE' },
      { uri: 'mqtt..plug', match: 'wildcard' },
      { uri: 'm', match: 'prefix' },
      { uri: 'mqtt.{clientid}.x' },
    ]) {
      const anonymous = { permissions: [{ ...rule, allow: ['publish'] }] };
      assert.deepEqual(silenced({ admin, anonymous }, { mqtt: {} }), [], JSON.stringify(rule));
    }
  });

  it('are reported if the rules of their role are about other URIs', () => {
    for (const rule of [
      { uri: 'mqtt.', match: 'prefix', allow: ['subscribe'] },
      { uri: 'mqt', allow: ['publish'] },
      { uri: 'mqtt', allow: ['publish'] },
      { uri: 'home.', match: 'prefix', allow: ['publish'] },
      { uri: '.x', match: 'wildcard', allow: [] },
    ]) {
      const [found] = silenced({ admin, anonymous: { permissions: [rule] } }, { mqtt: {} });
      assert.equal(found?.place, 'realms[0].roles.anonymous.permissions', JSON.stringify(rule));
    }
  });

  it('are not reported if an application authorizes their role', () => {
    const authorizer = { procedure: 'com.example.authorize', roles: ['anonymous'] };
    assert.deepEqual(silenced({}, { mqtt: {} }, { authorizer }), []);
    assert.equal(silenced({}, { 'cbor-tcp': {} }, { authorizer })[0]?.role, 'device');
  });

  it('are no longer silenced with the proposed rule, at each of its places', () => {
    for (const roles of [
      { admin },
      { admin, anonymous: {}, device: {} },
      { admin, anonymous: { permissions: [{ uri: 'x', allow: ['call'] }] }, device: { permissions: [] } },
    ]) {
      assert.equal(silenced(roles, everything).length, 2);
      assert.deepEqual(silenced(repaired(roles, everything), everything), []);
    }
  });
});
