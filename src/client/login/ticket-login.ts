import type { Login } from './login.ts';

/** By a ticket, which travels as it is: over TLS, or on one machine. [advanced/authentication_ticket] */
export function ticketLogin(ticket: string): Login {
  return { method: 'ticket', begin: () => ({ answer: () => ticket }) };
}
