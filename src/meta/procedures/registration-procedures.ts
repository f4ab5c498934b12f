import type { RealmView } from '../../router/realm/realm-view.ts';
import type { RegistrationView } from '../../router/session/observer.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { callees, isClientRegistration, registrationDetails } from '../events/details.ts';
import { countInSteps, idsInSteps, inSteps, type MetaProcedures, type MetaSteps } from '../runtime/meta-procedure.ts';
import { idArgument, matchArgument, uriArgument } from './meta-arguments.ts';

/** wamp.registration.*. [advanced/meta_api_registrations] */
export function registrationProcedures(realm: RealmView): MetaProcedures {
  const { dealer } = realm;
  return {
    *'wamp.registration.list'(): MetaSteps {
      const lists: Record<RegistrationView['match'], number[]> = { exact: [], prefix: [], wildcard: [] };
      yield* inSteps(dealer.registrations.values(), registration => {
        if (isClientRegistration(registration)) lists[registration.match].push(registration.id);
      });
      return lists;
    },

    'wamp.registration.lookup': ({ args }) => {
      const match = matchArgument(args[1]);
      return idOf(dealer.lookup(uriArgument(args[0], 'procedure', match, realm), match));
    },

    'wamp.registration.match': ({ args }) => idOf(dealer.match(uriArgument(args[0], 'procedure', 'exact', realm))),

    'wamp.registration.get': ({ args }) => registrationDetails(clientRegistration(dealer, args[0])),

    'wamp.registration.list_callees': ({ args }) => idsInSteps(callees(clientRegistration(dealer, args[0]))),

    'wamp.registration.count_callees': ({ args }) => countInSteps(callees(clientRegistration(dealer, args[0]))),
  };
}

/** Throws `invalid_argument` and `no_such_registration`. */
export function clientRegistration(dealer: RealmView['dealer'], value: unknown): RegistrationView {
  const id = idArgument(value, 'registration');
  const registration = dealer.registrations.get(id);
  if (registration !== undefined && isClientRegistration(registration)) return registration;
  throw new WampError(ErrorUri.NoSuchRegistration, [`the registration ${id} does not exist`]);
}

function idOf(registration: RegistrationView | undefined): number | null {
  return registration !== undefined && isClientRegistration(registration) ? registration.id : null;
}
