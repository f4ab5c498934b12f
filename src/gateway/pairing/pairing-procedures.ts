import { countArgument, isAbsent, textArgument } from '../../meta/procedures/meta-arguments.ts';
import type { MetaProcedures } from '../../meta/runtime/meta-procedure.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { Pairing } from './pairing.ts';

const DEVICES = 20;
const MAX_DEVICES = 100;
const MINUTES = 10;
const MAX_MINUTES = 60;

/** The procedures wampway.pairing.*, for callers with `meta.control`. */
export function pairingProcedures(pairing: Pairing): MetaProcedures {
  return {
    'wampway.pairing.open': ({ kwargs: { minutes, devices, role } }) => {
      pairing.open({
        milliseconds: countArgument(minutes, 'minutes', MINUTES, MAX_MINUTES) * 60_000,
        devices: countArgument(devices, 'devices', DEVICES, MAX_DEVICES),
        role: isAbsent(role) ? 'device' : textArgument(role, 'role'),
      });
      return shown(pairing);
    },

    'wampway.pairing.close': () => {
      const state = shown(pairing);
      pairing.close();
      return state;
    },

    'wampway.pairing.list': () => shown(pairing),
  };
}

function shown(pairing: Pairing): Dict {
  const { remaining, left, devices } = pairing.state;
  return {
    open: pairing.isOpen,
    seconds: Math.ceil(remaining / 1000),
    left,
    devices: devices.map(({ authid, clientIds, address, password }) => ({
      ...{ authid, client_ids: clientIds, address },
      ...(password !== undefined && { password }),
    })),
  };
}
