import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { announcementsOf } from '../../../../bridges/mqtt/discovery/announcement.ts';
import { DeviceTable } from '../../../../bridges/mqtt/discovery/device-table.ts';
import { TopicMap } from '../../../../bridges/mqtt/topics/topic-map.ts';

/** The devices that `wampway.device.list` returns for a message. */
function told(topic: string, value: unknown): unknown {
  const map = new TopicMap('mqtt.', 'loose');
  const table = new DeviceTable(topic => map.toUri(topic));
  table.put(topic, announcementsOf(topic, value) ?? []);
  return table.list();
}

const kitchen = {
  dev: { ids: 'ea33', name: 'Kitchen' },
  o: { name: 'maker2mqtt', sw: '2', url: 'http://maker' },
  cmps: {
    t: { p: 'sensor', dev_cla: 'temperature', uniq_id: 't1' },
    r: { p: 'switch', uniq_id: 'r1', stat_t: 'k/relay', cmd_t: 'k/relay/set' },
  },
  stat_t: 'k/state',
};
const origin = { name: 'maker2mqtt', sw_version: '2', support_url: 'http://maker' };

describe('announcements of a device as a whole', () => {
  it('are one entity for each component, with long keys and the shared options', () => {
    assert.deepEqual(told('device/0AFFD2/config', kitchen), [
      {
        id: 'ea33',
        name: 'Kitchen',
        manufacturer: null,
        model: null,
        sw_version: null,
        entities: [
          {
            ...{ component: 'sensor', entity: 't', platform: 'sensor', device_class: 'temperature', unique_id: 't1' },
            ...{ origin, state_topic: 'k/state', state_uri: 'mqtt.k.state' },
          },
          {
            ...{ component: 'switch', entity: 'r', platform: 'switch', unique_id: 'r1', origin },
            ...{ state_topic: 'k/relay', state_uri: 'mqtt.k.relay' },
            ...{ command_topic: 'k/relay/set', command_uri: 'mqtt.k.relay.set' },
          },
        ],
      },
    ]);
  });

  it('may have long keys, a node id, and removed components', () => {
    const value = {
      device: { identifiers: ['a', 'b'], name: 'A' },
      components: {
        on: { platform: 'light', unique_id: 'x', brightness_command_topic: '~/b' },
        gone: { platform: 'sensor' },
        bare: { p: 'switch' },
        odd: 7,
        nameless: { unique_id: 'y' },
      },
      '~': 'base',
      qos: 1,
    };
    const [device] = told('device/node/obj/config', value) as { id: string; entities: Record<string, unknown>[] }[];
    assert.equal(device?.id, 'a');
    assert.deepEqual(device?.entities, [
      {
        ...{ component: 'light', entity: 'on', platform: 'light', unique_id: 'x', qos: 1 },
        ...{ brightness_command_topic: 'base/b', brightness_command_uri: 'mqtt.base.b' },
      },
    ]);
  });

  it('let each component have its own base and its own options', () => {
    const value = {
      ...{ dev: { ids: 1 }, '~': 'root', avty: [{ t: '~/up', pl_avail: 'y' }, { t: 'x/~' }], stat_t: '~/s' },
      cmps: { a: { p: 'sensor', '~': 'own', stat_t: '~/a' }, b: { p: 'sensor', avty_t: '~/b', cmd_t: 'c/~' } },
    };
    const [device] = told('device/x/config', value) as { id: string; entities: Record<string, unknown>[] }[];
    const availability = [
      { topic: 'root/up', payload_available: 'y', uri: 'mqtt.root.up' },
      { topic: 'x/root', uri: 'mqtt.x.root' },
    ];
    assert.equal(device?.id, '1');
    assert.deepEqual(device?.entities, [
      {
        ...{ component: 'sensor', entity: 'a', platform: 'sensor', availability },
        ...{ state_topic: 'own/a', state_uri: 'mqtt.own.a' },
      },
      {
        ...{ component: 'sensor', entity: 'b', platform: 'sensor', availability },
        ...{ state_topic: 'root/s', state_uri: 'mqtt.root.s' },
        ...{ availability_topic: 'root/b', availability_uri: 'mqtt.root.b' },
        ...{ command_topic: 'c/root', command_uri: 'mqtt.c.root' },
      },
    ]);
  });

  it('announce nothing without components', () => {
    for (const value of [{ dev: { ids: 'a' } }, { dev: { ids: 'a' }, cmps: [] }, 7, null, []]) {
      assert.equal(announcementsOf('device/x/config', value), undefined);
    }
    assert.deepEqual(announcementsOf('device/x/config', { cmps: {} }), []);
  });
});

describe('announcements of one entity', () => {
  it('resolve ~ and short keys in lists', () => {
    const value = { '~': 'a/b', avty: [{ t: '~/x' }, { t: '~/y', pl_not_avail: 'n' }], stat_t: '~', uniq_id: 'u' };
    const [device] = told('sensor/e/config', value) as { entities: Record<string, unknown>[] }[];
    assert.deepEqual(device?.entities, [
      {
        ...{ component: 'sensor', entity: 'e', unique_id: 'u', state_topic: 'a/b', state_uri: 'mqtt.a.b' },
        availability: [
          { topic: 'a/b/x', uri: 'mqtt.a.b.x' },
          { topic: 'a/b/y', payload_not_available: 'n', uri: 'mqtt.a.b.y' },
        ],
      },
    ]);
  });

  it('have every short key that Home Assistant documents', () => {
    const rows = {
      ...{
        bri_cmd_t: 'brightness_command_topic',
        clr_temp_cmd_tpl: 'color_temp_command_template',
        cmd_t: 'command_topic',
      },
      ...{ curr_temp_t: 'current_temperature_topic', fx_stat_t: 'effect_state_topic', en: 'enabled_by_default' },
      ...{ hum_cmd_t: 'target_humidity_command_topic', hum_state_tpl: 'target_humidity_state_template', ic: 'icon' },
      ...{ l_ver_t: 'latest_version_topic', lrst_val_tpl: 'last_reset_value_template', ops: 'options' },
      ...{ pl_arm_nite: 'payload_arm_night', pl_ret: 'payload_return_to_base', pl_stpa: 'payload_start_pause' },
      ...{ pr_mode_stat_t: 'preset_mode_state_topic', rgbww_val_tpl: 'rgbww_value_template', ret: 'retain' },
      ...{ stat_cla: 'state_class', stat_clsd: 'state_closed', stat_val_tpl: 'state_value_template' },
      ...{ sug_dsp_prc: 'suggested_display_precision', temp_hi_stat_tpl: 'temperature_high_state_template' },
      ...{ tilt_status_t: 'tilt_status_topic', val_tpl: 'value_template', whit_val_cmd_t: 'white_value_command_topic' },
      ...{
        url_t: 'url_topic',
        xy_val_tpl: 'xy_value_template',
        def_ent_id: 'default_entity_id',
        json_attr_t: 'json_attributes_topic',
      },
    };
    const value = Object.fromEntries(Object.keys(rows).map(key => [key, 1]));
    const [announcement] = announcementsOf('light/e/config', value) ?? [];
    const { device: _, ...config } = announcement?.config ?? {};
    assert.deepEqual(Object.keys(config), Object.values(rows));
  });
});

describe('DeviceTable', () => {
  it('removes entities that a topic no longer announces, and a device with its last entity', () => {
    const table = new DeviceTable(() => undefined);
    const announce = (components: Record<string, unknown>) =>
      table.put('t', announcementsOf('device/x/config', { dev: { ids: 'd' }, cmps: components }) ?? []);
    announce({ a: { p: 'sensor', uniq_id: '1' }, b: { p: 'sensor', uniq_id: '2' } });
    assert.equal(table.get('d')?.entities.length, 2);
    announce({ a: { p: 'sensor' }, b: { p: 'sensor', uniq_id: '2' } });
    assert.deepEqual(
      table.get('d')?.entities.map(({ entity }) => entity),
      ['b'],
    );
    announce({ b: { p: 'sensor' } });
    assert.ok(!table.has('d'));
    assert.deepEqual(table.list(), []);
  });

  it('counts entities, not messages', () => {
    const table = new DeviceTable(() => undefined);
    const components = Object.fromEntries(
      Array.from({ length: 150 }, (_, i) => [`c${i}`, { p: 'sensor', uniq_id: i }]),
    );
    const announced = announcementsOf('device/x/config', { dev: { ids: 'd' }, cmps: components }) ?? [];
    let taken = 0;
    for (let i = 0; i < 100; i++) if (table.put(`t${i}`, announced)) taken += 1;
    assert.equal(taken, 66);
    assert.equal(table.refused, 34);
    assert.ok(table.put('t0', announced.slice(1)), 'what needs no more room may change');
  });

  it('removes the entities of a topic that moved to another one', () => {
    for (const moving of [{ migrate_discovery: true }, { migr_discvry: true }]) {
      assert.deepEqual(announcementsOf('sensor/n1/o1/config', moving), []);
      assert.deepEqual(announcementsOf('device/0AFFD2/config', moving), []);
    }
    assert.equal(announcementsOf('sensor/o1/config', { migrate_discovery: false, name: 'x' })?.length, 1);
  });

  it('accepts a device id that is a number with many digits', () => {
    const [found] = announcementsOf('sensor/o1/config', { dev: { ids: 9007199254740993n } }) ?? [];
    assert.equal(found?.deviceId, '9007199254740993');
  });
});
