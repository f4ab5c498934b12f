const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: is the gateway running?',
  ENOENT: 'there is no such socket file: is the gateway running?',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name cannot be looked up right now',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ECONNRESET: 'the connection was reset',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed: name it as the authority (tls.ca; --ca)',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate has an authority that is not trusted here: name it (tls.ca; --ca)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate has an authority that is not trusted here: name it (tls.ca; --ca)',
  CERT_HAS_EXPIRED: 'the certificate has expired',
};

/** A link could not be made. The message says where and why, for people; `code` is the system's, where it has one. */
export class DialError extends Error {
  override readonly name = 'DialError';
  readonly url: string;
  readonly code: string | undefined;

  constructor(url: string, why: string, cause?: unknown) {
    super(`cannot connect to ${url}: ${why}`, cause === undefined ? undefined : { cause });
    this.url = url;
    this.code = codeOf(cause);
  }

  /** What a failed connection means. */
  static from(url: string, error: unknown): DialError {
    if (error instanceof DialError) return error;
    const code = codeOf(error);
    const text = error instanceof Error && error.message !== '' ? error.message : (code ?? String(error));
    return new DialError(url, (code === undefined ? undefined : explanations[code]) ?? text, error);
  }
}

/** The system's code; of several attempts (IPv6, then IPv4) that of the last. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors.at(-1));
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
