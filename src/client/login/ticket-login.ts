import type { Login } from './login.ts';

/**
 * Ticket: a password that is sent unencrypted, for TLS or connections within one machine.
 * [advanced/authentication_ticket]
 */
export function ticketLogin(ticket: string): Login {
  return { method: 'ticket', begin: () => ({ answer: () => ticket }) };
}
