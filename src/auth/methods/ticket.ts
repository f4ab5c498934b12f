import { SerialQueue } from '../../base/serial-queue.ts';
import { EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';
import { type AuthVerdict, type Credential, type Draw, type Question, UNHEARD } from './credential.ts';
import { equalSecrets } from './equal-secrets.ts';
import { matchesTicketHash, parseTicketHash, type TicketHash } from './ticket-hash.ts';

/** The longest ticket that is looked at: a JSON web token fits. */
const MAX_LENGTH = 8192;

/** Comparisons with a hash that may run and wait. More are rejected. */
const MAX_COMPARISONS = 256;

/** Runs one comparison at a time, so that logins cannot occupy every thread and all memory. */
const comparisons = new SerialQueue(MAX_COMPARISONS);

/** A ticket, as it is or hashed. [advanced/authentication_ticket] */
export class Ticket implements Credential {
  readonly method = 'ticket';
  readonly shape: string;
  readonly #stored: string | TicketHash;

  /** `stored`: the ticket, or what `hashTicket` made of it. */
  constructor(stored: string | TicketHash) {
    this.#stored = typeof stored === 'string' ? (parseTicketHash(stored) ?? stored) : stored;
    this.shape =
      typeof this.#stored === 'string'
        ? 'ticket'
        : `ticket ${this.#stored.cost} ${this.#stored.blockSize} ${this.#stored.parallelization}`;
  }

  /**
   * Whether `ticket` is the one; also for passwords that come by other ways than WAMP. A hash has to wait for its turn: then
   * it is compared if `heard` still says so.
   */
  matches(ticket: string, heard: () => boolean = () => true): boolean | Promise<boolean | 'unheard'> {
    const stored = this.#stored;
    const presented = ticket.length > MAX_LENGTH ? '' : ticket;
    if (typeof stored === 'string') return presented !== '' && equalSecrets(stored, presented);
    return this.#compare(async () => (heard() ? matchesTicketHash(presented, stored) : 'unheard'));
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
      check: ({ signature }: AuthenticateMessage, heard?: () => boolean): AuthVerdict | Promise<AuthVerdict> => {
        const right = this.matches(signature, heard);
        if (typeof right === 'boolean') return { right };
        return right.then(right => (right === 'unheard' ? UNHEARD : { right }));
      },
    };
  }

  decoy(draw: Draw): Credential {
    const stored = this.#stored;
    if (typeof stored === 'string') return new Ticket(draw('ticket', 32).toString('base64'));
    return new Ticket({ ...stored, salt: draw('salt', stored.salt.length), hash: draw('hash', stored.hash.length) });
  }
}
