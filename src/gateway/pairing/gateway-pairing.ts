import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { RefusalSummary } from '../../base/refusal-summary.ts';
import type { MetaProcedures } from '../../meta/runtime/meta-procedure.ts';
import type { Access } from '../access/access.ts';
import { DeviceAdmission } from '../devices/device-admission.ts';
import type { PrincipalWatch } from '../principals/principal-watch.ts';
import { Pairing } from './pairing.ts';
import { pairingProcedures } from './pairing-procedures.ts';

/** Connects pairing to the gateway's file of principals and to the realm of its bridges. */
export class GatewayPairing {
  readonly admission: DeviceAdmission;
  readonly #realm: string;
  readonly #pairing: Pairing;

  constructor(
    realm: string,
    access: Access,
    file: PrincipalWatch | undefined,
    options: { readonly clock: Clock; readonly log: Logger; readonly refusals: RefusalSummary },
  ) {
    const { directory } = access;
    this.#realm = realm;
    this.#pairing = new Pairing({
      realm,
      clock: options.clock,
      log: options.log.child({ part: 'pairing' }),
      refusals: options.refusals,
      keeper: file && {
        add: principal => file.change(document => document.add(principal)),
        allow: (authid, clientIds) => file.change(document => document.change(authid, { clientIds: [...clientIds] })),
      },
      isTaken: name => this.admission.isTaken(realm, name),
      digestOf: authid => directory.find(realm, authid)?.digest,
    });
    const isTaken = (name: string, authid: string): boolean => directory.isTaken(name, authid);
    this.admission = new DeviceAdmission({ realm, known: access, pairing: this.#pairing, isTaken });
  }

  /** The pairing procedures of a realm. */
  procedures(realm: string): MetaProcedures {
    return realm === this.#realm ? pairingProcedures(this.#pairing) : {};
  }
}
