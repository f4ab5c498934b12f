import type { MqttConfig } from '../config/mqtt-config.ts';

/** Who may connect, for the banner. */
export function accessInWords(anonymous: MqttConfig['anonymous']): string {
  return {
    loopback: 'anonymous from this machine only',
    any: 'ANONYMOUS FROM ANYWHERE',
    none: 'principals only',
  }[anonymous];
}
