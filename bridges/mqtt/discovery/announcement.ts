import { isDict } from '../../../src/wamp/dict.ts';

/** One entity that a device announced by Home Assistant's MQTT discovery. */
export interface Announcement {
  /** `sensor`, `switch` … */
  readonly component: string;
  /** The topic's object id, behind its node id where there is one: one entity of one component. */
  readonly entity: string;
  /** What says which device it is; an entity that names none is a device of its own. */
  readonly deviceId: string;
  readonly device: Readonly<Record<string, unknown>>;
  /** With the keys written out and `~` resolved. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Short keys that devices use to save memory, as Home Assistant documents them; of the others, the long form is read. */
const longKeys: Readonly<Record<string, string>> = {
  avty: 'availability',
  avty_t: 'availability_topic',
  bri_cmd_t: 'brightness_command_topic',
  bri_stat_t: 'brightness_state_topic',
  cmd_t: 'command_topic',
  dev: 'device',
  dev_cla: 'device_class',
  ent_cat: 'entity_category',
  exp_aft: 'expire_after',
  json_attr_t: 'json_attributes_topic',
  obj_id: 'object_id',
  opts: 'options',
  pl_off: 'payload_off',
  pl_on: 'payload_on',
  pl_prs: 'payload_press',
  pos_t: 'position_topic',
  set_pos_t: 'set_position_topic',
  stat_cla: 'state_class',
  stat_t: 'state_topic',
  uniq_id: 'unique_id',
  unit_of_meas: 'unit_of_measurement',
  val_tpl: 'value_template',
};

const longDeviceKeys: Readonly<Record<string, string>> = {
  cns: 'connections',
  cu: 'configuration_url',
  hw: 'hw_version',
  ids: 'identifiers',
  mdl: 'model',
  mf: 'manufacturer',
  sa: 'suggested_area',
  sn: 'serial_number',
  sw: 'sw_version',
};

const topicPattern = /^([^/]+)\/(?:([^/]+)\/)?([^/]+)\/config$/;
const MAX_KEYS = 200;

/** The entity that a topic under the discovery prefix (without it) is about. */
export function entityOf(topic: string): { readonly component: string; readonly entity: string } | undefined {
  const [whole, component = '', node, object = ''] = topicPattern.exec(topic) ?? [];
  if (whole === undefined) return undefined;
  return { component, entity: node === undefined ? object : `${node}/${object}` };
}

/** What a discovery message says; undefined where it is none. */
export function announcementOf(topic: string, value: unknown): Announcement | undefined {
  const place = entityOf(topic);
  if (place === undefined || !isDict(value) || Object.keys(value).length > MAX_KEYS) return undefined;
  const config = writtenOut(value, longKeys);
  const base = config['~'];
  const resolved = Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key !== '~')
      .map(([key, entry]) => [key, typeof base === 'string' ? resolve(key, entry, base) : entry]),
  );
  const device = isDict(resolved['device']) ? writtenOut(resolved['device'], longDeviceKeys) : {};
  return { ...place, deviceId: deviceIdOf(device) ?? place.entity, device, config: { ...resolved, device } };
}

function writtenOut(value: Readonly<Record<string, unknown>>, names: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [Object.hasOwn(names, key) ? (names[key] ?? key) : key, entry]),
  );
}

/** `~` at the beginning or the end of a topic stands for the base. */
function resolve(key: string, entry: unknown, base: string): unknown {
  if (typeof entry !== 'string' || !key.endsWith('topic')) return entry;
  if (entry.startsWith('~')) return base + entry.slice(1);
  return entry.endsWith('~') ? entry.slice(0, -1) + base : entry;
}

function deviceIdOf({ identifiers, connections }: Readonly<Record<string, unknown>>): string | undefined {
  const first = Array.isArray(identifiers) ? identifiers[0] : identifiers;
  if (typeof first === 'string' || typeof first === 'number') return String(first);
  const connection = Array.isArray(connections) ? connections[0] : undefined;
  return Array.isArray(connection) ? connection.join(':') : undefined;
}
