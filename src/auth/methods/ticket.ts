import { SerialQueue } from '../../base/serial-queue.ts';
import { EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import { type AuthVerdict, type Credential, type DeriveOctets, type Question, UNCHECKED } from './credential.ts';
import { equalSecrets } from './equal-secrets.ts';
import { matchesTicketHash, parseTicketHash, type TicketHash } from './ticket-hash.ts';

/** Maximum length of a ticket: a JSON web token fits. */
const MAX_LENGTH = 8192;

/** Comparisons with a hash that may run and wait. More are rejected. */
const MAX_COMPARISONS = 256;

/** Runs one comparison at a time, so that logins cannot occupy every thread and all memory. */
const comparisons = new SerialQueue(MAX_COMPARISONS);

/** A ticket, stored as plain text or as a hash. [advanced/authentication_ticket] */
export class Ticket implements Credential {
  readonly method = 'ticket';
  readonly shape: string;
  readonly #stored: string | TicketHash;

  /** `stored`: the ticket, or the result of `hashTicket`. */
  constructor(stored: string | TicketHash) {
    this.#stored = typeof stored === 'string' ? (parseTicketHash(stored) ?? stored) : stored;
    this.shape =
      typeof this.#stored === 'string'
        ? 'ticket'
        : `ticket ${this.#stored.cost} ${this.#stored.blockSize} ${this.#stored.parallelization}`;
  }

  /**
   * Whether `ticket` is the stored one. Bridges use it for passwords of other protocols. A comparison with a hash waits
   * in a queue; it runs only if `stillAllowed` then returns true.
   */
  matches(ticket: string, stillAllowed: () => boolean = () => true): boolean | Promise<boolean | 'unchecked'> {
    const stored = this.#stored;
    const presented = ticket.length > MAX_LENGTH ? '' : ticket;
    if (typeof stored === 'string') return presented !== '' && equalSecrets(stored, presented);
    return this.#compare(async () => (stillAllowed() ? matchesTicketHash(presented, stored) : 'unchecked'));
  }

  async #compare<T>(comparison: () => Promise<T>): Promise<T> {
    if (comparisons.isFull) {
      throw new WampError(ErrorUri.AuthenticationFailed, ['too many logins are being checked; try again']);
    }
    return comparisons.run(comparison);
  }

  question(): Question {
    return {
      extra: EMPTY_DICT,
      check: ({ signature }: AuthenticateMessage, stillAllowed?: () => boolean): AuthVerdict | Promise<AuthVerdict> => {
        const right = this.matches(signature, stillAllowed);
        if (typeof right === 'boolean') return { right };
        return right.then(right => (right === 'unchecked' ? UNCHECKED : { right }));
      },
    };
  }

  decoy(derive: DeriveOctets): Credential {
    const stored = this.#stored;
    if (typeof stored === 'string') return new Ticket(derive('ticket', 32).toString('base64'));
    return new Ticket({
      ...stored,
      salt: derive('salt', stored.salt.length),
      hash: derive('hash', stored.hash.length),
    });
  }
}
