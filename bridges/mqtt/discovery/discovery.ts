import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import type { MqttMessage } from '../source/mqtt-source.ts';
import { payloadOfMqtt } from '../topics/payload-map.ts';
import { announcementsOf, entityOf } from './announcement.ts';
import { DeviceTable } from './device-table.ts';

/** A longer message is not an announcement. */
const MAX_BYTES = 64 * 1024;

/**
 * Home Assistant's MQTT discovery for the realm: `wampway.device.list` and `.get` return the announced devices,
 * `wampway.device.on_announce` and `.on_remove` report changes. The messages are also passed on unchanged.
 */
export class Discovery {
  readonly #prefix: string;
  readonly #table: DeviceTable;
  #session: JoinedSession | undefined;

  /** The prefix of discovery topics, without the slash behind it. */
  constructor(prefix: string, uriOf: (topic: string) => string | undefined) {
    this.#prefix = `${prefix}/`;
    this.#table = new DeviceTable(uriOf);
  }

  async open(session: JoinedSession): Promise<void> {
    this.#session = session;
    await session.register('wampway.device.list', () => this.#table.list());
    await session.register('wampway.device.get', ({ args: [id] }) => {
      if (typeof id !== 'string')
        throw new WampError(ErrorUri.InvalidArgument, ['the first argument must be the id of a device, a string']);
      const device = this.#table.get(id);
      if (device === undefined)
        throw new WampError(NO_SUCH_DEVICE, [`no device with the id ${id} has announced itself`]);
      return device;
    });
  }

  /** Reads a message, independent of its further processing. */
  read({ topic, payload }: Pick<MqttMessage, 'topic' | 'payload'>): void {
    if (!topic.startsWith(this.#prefix) || payload.length > MAX_BYTES) return;
    const place = topic.slice(this.#prefix.length);
    if (entityOf(place) === undefined) return;
    // An empty message removes everything that its topic has announced.
    const found = payload.length === 0 ? [] : announcementsOf(place, payloadOfMqtt(payload).args[0]);
    if (found === undefined) return;
    const before = this.#table.devicesOf(place);
    if (!this.#table.put(place, found)) return;
    for (const device of new Set([...before, ...this.#table.devicesOf(place)])) {
      this.#tell(this.#table.has(device) ? 'on_announce' : 'on_remove', device);
    }
  }

  #tell(event: 'on_announce' | 'on_remove', device: string): void {
    this.#session?.publish(`wampway.device.${event}`, { args: [device] }).catch(() => {});
  }
}

const NO_SUCH_DEVICE = asUri('wampway.error.no_such_device');
