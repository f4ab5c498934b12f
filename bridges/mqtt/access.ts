import type { MqttConfig } from './mqtt-config.ts';
import { type MqttPeer, MqttRefusal, Refused } from './mqtt-source.ts';

/** Why a peer that is no principal may not come in, or undefined where it may. */
export function refusalOf(
  peer: Pick<MqttPeer, 'loopback'>,
  anonymous: MqttConfig['anonymous'],
): MqttRefusal | undefined {
  if (anonymous === 'any' || (anonymous === 'loopback' && peer.loopback)) return undefined;
  return new MqttRefusal(
    Refused.NotAuthorized,
    anonymous === 'loopback'
      ? 'anonymous clients may connect from this machine only; "anonymous: any" lets them in from everywhere'
      : 'anonymous clients may not connect ("anonymous: none")',
  );
}

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
