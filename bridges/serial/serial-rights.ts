import type { DeviceRights } from '../../src/gateway/bridge/bridge.ts';
import { deviceUri, type PortConfig, type SerialConfig } from './config/serial-config.ts';

/** The actions of the bridge for the devices on its ports, which join with role `device`. */
export function serialRights({ ports }: SerialConfig): readonly DeviceRights[] {
  return ports.flatMap(port => {
    const devices = `serial device ${port.id}`;
    const ofDevice = { devices, role: 'device' } as const;
    const own = { ...ofDevice, uri: 'serial.{authid}', match: 'prefix' } as const;
    const elsewhere = urisElsewhere(port);
    return [
      // Each device publishes its status and registers a procedure for it.
      { ...own, needs: ['publish', 'register'] as const },
      ...elsewhere.topics.map(uri => ({ ...ofDevice, ...patternOf(uri), needs: ['publish'] as const })),
      ...elsewhere.procedures.map(uri => ({ ...ofDevice, uri, match: 'exact' as const, needs: ['register'] as const })),
    ];
  });
}

/** Topics and procedures that the configuration places outside `serial.{id}`. */
function urisElsewhere({ id, publish, procedures }: PortConfig) {
  const own = deviceUri(id, undefined);
  const isElsewhere = (uri: string): boolean => uri !== own && !uri.startsWith(`${own}.`);
  return {
    topics: publish.map(({ topic, uri }) => deviceUri(id, topic, uri)).filter(isElsewhere),
    procedures: procedures.map(({ name, uri }) => deviceUri(id, name, uri)).filter(isElsewhere),
  };
}

/** `{name}` stands for the name of a value, which may be a part of a component. */
function patternOf(topic: string): Pick<DeviceRights, 'uri' | 'match'> {
  const [start = ''] = topic.split('{name}', 1);
  return start === topic ? { uri: topic, match: 'exact' } : { uri: start, match: 'prefix' };
}
