import type { AddressSet } from '../../base/network/address.ts';
import type { LinkInfo } from '../../link/link.ts';
import { ErrorUri } from '../../wamp/errors.ts';
import type { AdmissionRequest, Authenticator, AuthStep } from './authenticator.ts';
import { helloMethods } from './hello-methods.ts';

export interface AnonymousOptions {
  /** Addresses from which clients join without authentication. A range includes this machine only if it contains it. */
  readonly who: 'loopback' | 'any' | 'none' | AddressSet;
  /** Default `anonymous`. */
  readonly role?: string;
}

/** Admits clients without authentication, by their address. A refusal states its reason. */
export class AnonymousAuthenticator implements Authenticator {
  readonly #who: AnonymousOptions['who'];
  readonly #role: string;

  constructor(options: AnonymousOptions) {
    this.#who = options.who;
    this.#role = options.role ?? 'anonymous';
  }

  begin({ details, link }: AdmissionRequest): AuthStep {
    if (!offersAnonymous(helloMethods(details))) {
      return {
        abort: ErrorUri.NoMatchingAuthMethod,
        message: 'the only authentication method here is anonymous, and HELLO.Details.authmethods does not list it',
      };
    }
    // Only the settings of a bridge admit its devices. This rule never applies to them.
    if (link.device !== undefined || link.listener.startsWith('bridge:')) {
      return {
        abort: ErrorUri.AuthenticationRequired,
        message: `devices behind ${link.listener} are not admitted as anonymous clients of the realm`,
      };
    }
    if (this.#who === 'none') {
      return { abort: ErrorUri.AuthenticationRequired, message: 'anonymous access is disabled (realms[].anonymous)' };
    }
    if (this.#who === 'loopback' && !link.loopback) {
      return {
        abort: ErrorUri.AuthenticationRequired,
        message: `anonymous access is allowed from this machine only (realms[].anonymous); the address of this peer is ${link.peer}${because(link)}`,
      };
    }
    if (typeof this.#who !== 'string' && !this.#who.has(link.address ?? (link.loopback ? '127.0.0.1' : ''))) {
      return {
        abort: ErrorUri.AuthenticationRequired,
        message: `anonymous access is allowed from some addresses only (realms[].anonymous), and ${link.peer} is not among them${because(link)}`,
      };
    }
    return {
      welcome: { authid: randomName(), authrole: this.#role, authmethod: 'anonymous', authprovider: 'static' },
    };
  }
}

function because({ addressHint }: LinkInfo): string {
  return addressHint === undefined ? '' : `: ${addressHint}`;
}

/** A client that lists no methods accepts any method. */
function offersAnonymous(methods: readonly string[]): boolean {
  return methods.length === 0 || methods.includes('anonymous');
}

function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}
