import type { MqttConfig } from './mqtt-config.ts';

/** Who may connect, for the banner. */
export function accessInWords(anonymous: MqttConfig['anonymous']): string {
  return {
    loopback: 'anonymous from this machine only',
    any: 'ANONYMOUS FROM ANYWHERE',
    none: 'principals only',
  }[anonymous];
}

/** Whether an address of a socket lies on this machine. */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\./i.test(address));
}
