import type { Registration } from '../../router/dealer/registration.ts';
import type { Session } from '../../router/session/session.ts';
import type { Dict } from '../../wamp/dict.ts';

/** [advanced/meta_api_registrations: RegistrationDetails] */
export function registrationDetails({ id, created, procedure, match, policy }: Registration): Dict {
  return { id, created: new Date(created).toISOString(), uri: procedure, match, invoke: policy };
}

/** Callees that are clients. */
export function callees({ callees }: Pick<Registration, 'callees'>): Session[] {
  return callees.map(({ session }) => session).filter(({ internal }) => !internal);
}

/** Whether a client is among the callees. The router's own procedures and a bridge's are not registrations of clients. */
export function isClients({ callees }: Pick<Registration, 'callees'>): boolean {
  return callees.some(({ session }) => !session.internal);
}
