import { errorCode } from '../../base/error-code.ts';

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: is the gateway running?',
  ENOENT: 'the socket file does not exist: is the gateway running?',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTFOUND: 'the host name does not exist',
  EAI_AGAIN: 'the host name could not be looked up: try again later',
  ETIMEDOUT: 'the host did not answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ECONNRESET: 'the connection was reset',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed: add it as an authority (tls.ca; --ca)',
  SELF_SIGNED_CERT_IN_CHAIN: 'the authority of the certificate is not trusted: add it (tls.ca; --ca)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the authority of the certificate is not trusted: add it (tls.ca; --ca)',
  CERT_HAS_EXPIRED: 'the certificate has expired',
};

/**
 * A failed attempt to connect. The message contains the URL and the reason. `code` is the system's error code, if there
 * is one.
 */
export class DialError extends Error {
  override readonly name = 'DialError';
  readonly url: string;
  readonly code: string | undefined;

  constructor(url: string, why: string, cause?: unknown) {
    super(`cannot connect to ${url}: ${why}`, cause === undefined ? undefined : { cause });
    this.url = url;
    this.code = codeOf(cause);
  }

  /** Explains the error of a failed connection. */
  static from(url: string, error: unknown): DialError {
    if (error instanceof DialError) return error;
    const code = codeOf(error);
    const text = error instanceof Error && error.message !== '' ? error.message : (code ?? String(error));
    return new DialError(url, (code === undefined ? undefined : explanations[code]) ?? text, error);
  }
}

/** The system's error code. After several attempts (IPv6, then IPv4), the code of the last. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors.at(-1));
  return errorCode(error);
}
