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
  readonly #byTopic = new Map<string, Announcement>();
  #refused = 0;

  /** `uriOf` gives the WAMP topic of an MQTT topic, where it has one. */
  constructor(uriOf: (topic: string) => string | undefined) {
    this.#uriOf = uriOf;
  }

  /** Announcements that found the table full. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether something has changed. */
  put(topic: string, announcement: Announcement): boolean {
    if (!this.#byTopic.has(topic) && this.#byTopic.size >= MAX_ENTITIES) {
      this.#refused += 1;
      return false;
    }
    this.#byTopic.set(topic, announcement);
    return true;
  }

  /** The device that has lost an entity; undefined where there was none. */
  delete(topic: string): string | undefined {
    const known = this.#byTopic.get(topic);
    this.#byTopic.delete(topic);
    return known?.deviceId;
  }

  /** In the order in which they announced themselves first. */
  list(): ToldDevice[] {
    const devices = new Map<string, Announcement[]>();
    for (const announcement of this.#byTopic.values()) {
      const known = devices.get(announcement.deviceId);
      if (known === undefined) devices.set(announcement.deviceId, [announcement]);
      else known.push(announcement);
    }
    return [...devices].map(([id, announcements]) => this.#told(id, announcements));
  }

  get(id: string): ToldDevice | undefined {
    const announcements = [...this.#byTopic.values()].filter(({ deviceId }) => deviceId === id);
    return announcements.length === 0 ? undefined : this.#told(id, announcements);
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
    const uris = Object.entries(own).flatMap(([key, topic]) => {
      if (!key.endsWith('topic') || typeof topic !== 'string') return [];
      const uri = this.#uriOf(topic);
      return uri === undefined ? [] : [[key.replace(/topic$/, 'uri'), uri]];
    });
    return { component, entity, ...own, ...Object.fromEntries(uris) };
  }
}
