import type { MqttConfig } from '../config/mqtt-config.ts';

/** Which clients may connect, as a text for the banner. */
export function accessInWords(anonymous: MqttConfig['anonymous']): string {
  return {
    loopback: 'anonymous from this machine only',
    any: 'ANONYMOUS FROM ANYWHERE',
    none: 'principals only',
  }[anonymous];
}
