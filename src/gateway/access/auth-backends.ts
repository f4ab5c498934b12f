import type { AuthBackend, LoginQuestion } from '../../auth/principals/auth-backend.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { RealmConfig } from '../config/config-schema.ts';
import type { RealmCaller } from './realm-caller.ts';

type AuthenticatorConfig = NonNullable<RealmConfig['authenticator']>;

/** Maximum size of an HTTP answer, in bytes. */
const MAX_ANSWER = 64 * 1024;

/** Errors that mean that the application could not be asked. They say nothing about the principal. */
const technical: ReadonlySet<string> = new Set([
  ErrorUri.NoSuchProcedure,
  ErrorUri.Timeout,
  ErrorUri.Canceled,
  ErrorUri.NetworkFailure,
  ErrorUri.RuntimeError,
  ErrorUri.Unavailable,
  ErrorUri.NoAvailableCallee,
]);

/** Asks a procedure on the realm. An error of the procedure is a refusal, unless it is a technical one. */
export function procedureBackend(
  { methods }: AuthenticatorConfig,
  procedure: string,
  caller: RealmCaller,
): AuthBackend {
  return {
    methods,
    async ask(question) {
      const { realm, authid } = question;
      try {
        return await caller.call(procedure, [realm, authid, detailsOf(question)]);
      } catch (error) {
        if (!(error instanceof WampError) || technical.has(error.uri)) throw error;
        return undefined;
      }
    },
  };
}

/** Asks an HTTP endpoint, by POST in JSON. The answers 401, 403 and 404 are refusals. */
export function httpBackend({ methods, timeout, bearer }: AuthenticatorConfig, url: string): AuthBackend {
  return {
    methods,
    async ask(question) {
      const { realm, authid } = question;
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
        },
        body: JSON.stringify({ realm, authid, details: detailsOf(question) }),
        redirect: 'error',
        signal: AbortSignal.timeout(timeout),
      });
      if (response.ok) return JSON.parse(await boundedText(response));
      await response.body?.cancel();
      if ([401, 403, 404].includes(response.status)) return undefined;
      throw new Error(`the authentication service answered HTTP ${response.status}`);
    },
  };
}

function detailsOf({ authmethod, shown, peer }: LoginQuestion) {
  return { authmethod, ...shown, transport: { peer } };
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    length += bytes.length;
    if (length > MAX_ANSWER)
      throw new Error(`the answer of the authentication service has more than ${MAX_ANSWER} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
