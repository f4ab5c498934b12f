import type { LinkInfo } from '../../link/link.ts';
import type { AdmissionRequest } from '../../router/policy/authenticator.ts';
import { helloMethods } from '../../router/policy/hello-methods.ts';
import { type Dict, EMPTY_DICT, isDict } from '../../wamp/dict.ts';
import { publicKeyIn } from '../methods/cryptosign.ts';
import { helloName, isAuthid } from './principal-names.ts';

/** Maximum number of methods in a HELLO. Further ones are ignored. */
const MAX_METHODS = 20;

/** The methods in HELLO. Without any, a client means the credentials of its HTTP request, or anonymous. */
export function methodsIn({ details, link }: AdmissionRequest): readonly string[] {
  const methods = helloMethods(details);
  if (methods.length === 0) return httpCredentials(link) === undefined ? ['anonymous'] : ['ticket'];
  return [...new Set(methods.slice(0, MAX_METHODS))];
}

export function authextraOf({ authextra }: Dict): Dict {
  return isDict(authextra) ? authextra : EMPTY_DICT;
}

/** The authid in HELLO or in the HTTP request. For cryptosign without a name, the public key. */
export function authidOf({ details, link }: AdmissionRequest, methods: readonly string[]): string | undefined {
  const name = helloName(details);
  if (name !== undefined) return name;
  const named = httpCredentials(link)?.authid;
  if (methods.includes('ticket') && isAuthid(named)) return named;
  return methods.includes('cryptosign') ? publicKeyIn(authextraOf(details)) : undefined;
}

/**
 * The Authorization header of the WebSocket request: `Basic` has a name and a ticket, `Bearer` a ticket. [RFC7617],
 * [RFC6750]
 */
export function httpCredentials({
  headers,
}: LinkInfo): { readonly authid?: string; readonly ticket: string } | undefined {
  const header = headers?.['authorization'];
  if (typeof header !== 'string') return undefined;
  const [, scheme = '', value = ''] = /^(basic|bearer) +([A-Za-z0-9._~+/-]+=*)$/i.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { ticket: value };
  if (scheme === '') return undefined;
  const text = Buffer.from(value, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { authid: text.slice(0, colon), ticket: text.slice(colon + 1) };
}
