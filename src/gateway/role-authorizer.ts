import { ALLOW, type Authorizer, type Decision, type SessionView } from '../router/authorizer.ts';
import type { RealmConfig } from './config/config-schema.ts';

/**
 * Lets everybody do everything. What others learn of who does it, and how far it is to be trusted, follows from the
 * role, as the configuration has it. [advanced/rpc_caller_identification], [advanced/rpc_call_trustlevels],
 * [advanced/pubsub_publisher_identification], [advanced/pubsub_publication_trustlevels]
 */
export class RoleAuthorizer implements Authorizer {
  /** By realm and role; made once, as they are asked for with every message. */
  readonly #decisions: ReadonlyMap<string, ReadonlyMap<string, Decision>>;

  constructor(realms: readonly RealmConfig[]) {
    this.#decisions = new Map(
      realms.map(({ name, roles }) => [
        name,
        new Map(Object.entries(roles).map(([role, config]) => [role, decisionOf(config)])),
      ]),
    );
  }

  decide({ realm, principal }: SessionView): Decision {
    return this.#decisions.get(realm)?.get(principal.authrole) ?? ALLOW;
  }
}

const disclosures = { 'on-request': 'on request', always: 'always', never: 'never' } as const;

function decisionOf({ disclose, trustlevel }: RealmConfig['roles'][string]): Decision {
  const told = { ...ALLOW, disclose: disclosures[disclose] };
  return Object.freeze(trustlevel === undefined ? told : { ...told, trustlevel });
}
