import { type Dict, isDict } from '../../../src/wamp/dict.ts';
import type { Announcement } from './announcement.ts';

/** Entities kept; of more, the newest are not taken. */
const MAX_ENTITIES = 10_000;

/** A device as `wampway.device.list` tells of it. */
export interface ToldDevice {
  readonly id: string;
  readonly name: string;
  readonly manufacturer: unknown;
  readonly model: unknown;
  readonly sw_version: unknown;
  readonly entities: readonly Readonly<Record<string, unknown>>[];
}

/** What devices have announced of themselves, by the topic they did it on. */
export class DeviceTable {
  readonly #uriOf: (topic: string) => string | undefined;
  readonly #byTopic = new Map<string, readonly Announcement[]>();
  /** Entities of each device. */
  readonly #sizes = new Map<string, number>();
  #entities = 0;
  #refused = 0;

  /** `uriOf` gives the WAMP topic of an MQTT topic, where it has one. */
  constructor(uriOf: (topic: string) => string | undefined) {
    this.#uriOf = uriOf;
  }

  /** Announcements that found the table full. */
  get refused(): number {
    return this.#refused;
  }

  /** What a topic announces from now on, instead of what it has announced; false if there is no room for it. */
  put(topic: string, announcements: readonly Announcement[]): boolean {
    const before = this.#byTopic.get(topic) ?? [];
    const entities = this.#entities - before.length + announcements.length;
    if (entities > MAX_ENTITIES && announcements.length > before.length) {
      this.#refused += 1;
      return false;
    }
    this.#entities = entities;
    for (const { deviceId } of before) this.#count(deviceId, -1);
    for (const { deviceId } of announcements) this.#count(deviceId, 1);
    if (announcements.length === 0) this.#byTopic.delete(topic);
    else this.#byTopic.set(topic, announcements);
    return true;
  }

  /** The devices that a topic has announced entities of. */
  devicesOf(topic: string): ReadonlySet<string> {
    return new Set(this.#byTopic.get(topic)?.map(({ deviceId }) => deviceId));
  }

  /** In the order in which they announced themselves first. */
  list(): ToldDevice[] {
    const devices = new Map<string, Announcement[]>();
    for (const announcement of this.#all()) {
      const known = devices.get(announcement.deviceId);
      if (known === undefined) devices.set(announcement.deviceId, [announcement]);
      else known.push(announcement);
    }
    return [...devices].map(([id, announcements]) => this.#told(id, announcements));
  }

  get(id: string): ToldDevice | undefined {
    const announcements = this.#all().filter(({ deviceId }) => deviceId === id);
    return announcements.length === 0 ? undefined : this.#told(id, announcements);
  }

  /** Whether a device has announced an entity. */
  has(id: string): boolean {
    return this.#sizes.has(id);
  }

  #count(id: string, change: 1 | -1): void {
    const size = (this.#sizes.get(id) ?? 0) + change;
    if (size === 0) this.#sizes.delete(id);
    else this.#sizes.set(id, size);
  }

  #all(): readonly Announcement[] {
    return [...this.#byTopic.values()].flat();
  }

  #told(id: string, announcements: readonly Announcement[]): ToldDevice {
    const device = Object.assign({}, ...announcements.map(({ device }) => device)) as Readonly<Record<string, unknown>>;
    const { name, manufacturer = null, model = null, sw_version = null } = device;
    const fallback = announcements[0]?.config['name'];
    return {
      id,
      name: typeof name === 'string' ? name : typeof fallback === 'string' ? fallback : id,
      manufacturer,
      model,
      sw_version,
      entities: announcements.map(announcement => this.#entity(announcement)),
    };
  }

  #entity({ component, entity, config }: Announcement): Readonly<Record<string, unknown>> {
    const { device: _, ...own } = config;
    return { component, entity, ...this.#withUris(own) };
  }

  /** With the URI that each topic has, also of those in lists. */
  #withUris(config: Dict): Dict {
    const inner = Object.entries(config).map(([key, entry]) => [key, this.#withInnerUris(entry)]);
    const uris = Object.entries(config).flatMap(([key, topic]) => {
      if (!key.endsWith('topic') || typeof topic !== 'string') return [];
      const uri = this.#uriOf(topic);
      return uri === undefined ? [] : [[key.replace(/topic$/, 'uri'), uri]];
    });
    return { ...Object.fromEntries(inner), ...Object.fromEntries(uris) };
  }

  #withInnerUris(entry: unknown): unknown {
    if (Array.isArray(entry)) return entry.map(item => (isDict(item) ? this.#withUris(item) : item));
    return isDict(entry) ? this.#withUris(entry) : entry;
  }
}
