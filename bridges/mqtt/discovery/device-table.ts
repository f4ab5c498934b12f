import { type Dict, isDict } from '../../../src/wamp/dict.ts';
import type { Announcement } from './announcement.ts';

/** The most entities that are kept. Further ones are refused. */
const MAX_ENTITIES = 10_000;

/** A device as `wampway.device.list` returns it. */
export interface ToldDevice {
  readonly id: string;
  readonly name: string;
  readonly manufacturer: unknown;
  readonly model: unknown;
  readonly sw_version: unknown;
  readonly entities: readonly Readonly<Record<string, unknown>>[];
}

/** Announced devices, by the topic of the announcement. */
export class DeviceTable {
  readonly #uriOf: (topic: string) => string | undefined;
  readonly #byTopic = new Map<string, readonly Announcement[]>();
  /** Entities by device. */
  readonly #sizes = new Map<string, number>();
  #entities = 0;
  #refused = 0;

  /** `uriOf` returns the WAMP topic of an MQTT topic, if it has one. */
  constructor(uriOf: (topic: string) => string | undefined) {
    this.#uriOf = uriOf;
  }

  /** Announcements that were refused because the table was full. */
  get refused(): number {
    return this.#refused;
  }

  /** Replaces the announcement of a topic. Returns false if the table is full. */
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

  /** The devices whose entities a topic has announced. */
  devicesOf(topic: string): ReadonlySet<string> {
    return new Set(this.#byTopic.get(topic)?.map(({ deviceId }) => deviceId));
  }

  /** In the order of their first announcement. */
  list(): ToldDevice[] {
    const devices = new Map<string, Announcement[]>();
    for (const announcement of this.#all()) {
      const known = devices.get(announcement.deviceId);
      if (known === undefined) devices.set(announcement.deviceId, [announcement]);
      else known.push(announcement);
    }
    return [...devices].map(([id, announcements]) => this.#describe(id, announcements));
  }

  get(id: string): ToldDevice | undefined {
    const announcements = this.#all().filter(({ deviceId }) => deviceId === id);
    return announcements.length === 0 ? undefined : this.#describe(id, announcements);
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

  #describe(id: string, announcements: readonly Announcement[]): ToldDevice {
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

  /** With the URI of each topic, also of topics in lists. */
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
