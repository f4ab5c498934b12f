import { type Dict, isDict } from '../../../src/wamp/dict.ts';
import { longDeviceKeys, longKeys, longOriginKeys } from './short-keys.ts';

/** One entity that a device announced by Home Assistant's MQTT discovery. */
export interface Announcement {
  /** `sensor`, `switch` … */
  readonly component: string;
  /** The topic's object id, prefixed by its node id if there is one, or the component key of a device. */
  readonly entity: string;
  /** The identifier of its device. An entity without one is a device of its own. */
  readonly deviceId: string;
  readonly device: Dict;
  /** With long keys and with `~` resolved. */
  readonly config: Dict;
}

/** The component in the topic of a message that announces all entities of a device. */
const DEVICE = 'device';

/** Options of a device that apply to each of its entities, unless the entity overrides them. */
const shared = [
  ...['availability', 'availability_mode', 'availability_template', 'availability_topic'],
  ...['payload_available', 'payload_not_available'],
  ...['command_topic', 'encoding', 'origin', 'qos', 'state_topic'],
];

const topicPattern = /^([^/]+)\/(?:([^/]+)\/)?([^/]+)\/config$/;
const MAX_KEYS = 200;

interface Place {
  readonly component: string;
  readonly entity: string;
}

/** The subject of a topic under the discovery prefix (without the prefix): an entity, or the `device`. */
export function entityOf(topic: string): Place | undefined {
  const [whole, component = '', node, object = ''] = topicPattern.exec(topic) ?? [];
  if (whole === undefined) return undefined;
  return { component, entity: node === undefined ? object : `${node}/${object}` };
}

/** The entities that a discovery message announces. Undefined if it is not a discovery message. */
export function announcementsOf(topic: string, value: unknown): readonly Announcement[] | undefined {
  const place = entityOf(topic);
  if (place === undefined || !isDict(value) || Object.keys(value).length > MAX_KEYS) return undefined;
  const root = writtenOut(value, longKeys);
  // The entities move to another topic, so this topic announces none any more.
  if (root['migrate_discovery'] === true) return [];
  const device = isDict(root['device']) ? writtenOut(root['device'], longDeviceKeys) : {};
  const deviceId = deviceIdOf(device) ?? place.entity;
  if (place.component !== DEVICE) return [{ ...place, deviceId, device, config: { ...resolved(root), device } }];
  const components = root['components'];
  if (!isDict(components)) return undefined;
  const all = resolved(root);
  const inherited = Object.fromEntries(shared.filter(key => Object.hasOwn(all, key)).map(key => [key, all[key]]));
  return Object.entries(components).flatMap(([entity, entry]) => {
    const own = isDict(entry) ? writtenOut(entry, longKeys) : {};
    const { platform: component, ...rest } = own;
    // A component with only its platform left is removed.
    if (typeof component !== 'string' || Object.keys(rest).length === 0) return [];
    const config = { ...inherited, ...resolved(own, root['~']), device };
    return [{ component, entity, deviceId, device, config }];
  });
}

function writtenOut(value: Dict, names: Dict): Dict {
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [Object.hasOwn(names, key) ? String(names[key]) : key, entry]),
  );
}

/** Without `~`, which topics replace by its own value or that of the device. Nested options are resolved too. */
function resolved({ '~': own, ...config }: Dict, outer?: unknown): Dict {
  const base = typeof own === 'string' ? own : outer;
  return Object.fromEntries(Object.entries(config).map(([key, entry]) => [key, resolvedEntry(key, entry, base)]));
}

function resolvedEntry(key: string, entry: unknown, base: unknown): unknown {
  if (key === 'origin' && isDict(entry)) return writtenOut(entry, longOriginKeys);
  // One availability or several, each with its own topic.
  if (key === 'availability' && isDict(entry)) return resolved(writtenOut(entry, longKeys), base);
  if (Array.isArray(entry)) {
    return entry.map(item => (isDict(item) ? resolved(writtenOut(item, longKeys), base) : item));
  }
  return typeof entry === 'string' && key.endsWith('topic') && typeof base === 'string' ? based(entry, base) : entry;
}

/** `~` at the beginning or the end of a topic stands for the base. */
function based(topic: string, base: string): string {
  const begun = topic.startsWith('~') ? base + topic.slice(1) : topic;
  return begun.endsWith('~') && topic.length > 1 ? begun.slice(0, -1) + base : begun;
}

function deviceIdOf({ identifiers, connections }: Dict): string | undefined {
  const first = Array.isArray(identifiers) ? identifiers[0] : identifiers;
  if (typeof first === 'string' || typeof first === 'number' || typeof first === 'bigint') return String(first);
  const connection = Array.isArray(connections) ? connections[0] : undefined;
  return Array.isArray(connection) ? connection.join(':') : undefined;
}
