import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { errorCode } from '../../base/error-code.ts';
import type { TlsOptions } from '../../transport/server/socket-server.ts';
import { readRegular, reasonOf } from '../config/values/bounded-file.ts';
import type { TlsConfig } from '../config/values/tls-schema.ts';
import { StartError } from '../support/start-error.ts';

/** Maximum size of a file of certificates or keys, in bytes. */
const MAX_FILE = 1024 * 1024;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
};

/** A certificate or key cannot be used. `place` is the setting that names the file. */
export class TlsFault extends Error {
  override readonly name = 'TlsFault';
  readonly place: 'cert' | 'key' | 'clientCa';

  constructor(place: TlsFault['place'], why: string, cause: unknown) {
    super(why, { cause });
    this.place = place;
  }
}

/**
 * Reads and checks the key and certificate of a listener, such as `listeners[0]`. Throws `StartError` with the setting
 * that is wrong.
 */
export function readTls(listener: string, config: TlsConfig): TlsOptions {
  try {
    return tlsOptions(config);
  } catch (error) {
    if (!(error instanceof TlsFault)) throw error;
    const where = `${listener}.tls.${error.place} in the configuration`;
    throw new StartError(`${listener} cannot start: ${error.message} (${where})`, { cause: error.cause });
  }
}

/** As `readTls`, but throws `TlsFault`. */
export function tlsOptions(config: TlsConfig): TlsOptions {
  const { cert, key, passphrase, minVersion, clientCertificates, clientCa } = config;
  const fail = (place: TlsFault['place'], why: string, cause: unknown): never => {
    throw new TlsFault(place, why, cause);
  };
  const read = (place: TlsFault['place'], what: string, path: string): Buffer => {
    try {
      return readRegular(path, MAX_FILE);
    } catch (error) {
      return fail(place, `cannot read the ${what} ${path}: ${reasons[codeOf(error)] ?? reasonOf(error)}`, error);
    }
  };
  const certificate = read('cert', 'certificate', cert);
  const privateKey = read('key', 'private key', key);
  const secret = passphrase === undefined ? {} : { passphrase };
  try {
    createSecureContext({ cert: certificate });
  } catch (error) {
    fail('cert', `${cert} does not contain a certificate in PEM`, error);
  }
  try {
    createSecureContext({ key: privateKey, ...secret });
  } catch (error) {
    const why =
      passphrase === undefined ? 'or the key is encrypted and needs a passphrase' : 'or the passphrase is wrong';
    fail('key', `${key} does not contain a private key in PEM, ${why}`, error);
  }
  const options: TlsOptions = { cert: certificate, key: privateKey, ...secret, minVersion };
  try {
    createSecureContext(options);
  } catch (error) {
    fail('key', `the private key ${key} does not belong to the certificate ${cert}`, error);
  }
  if (clientCertificates === undefined) return options;
  const asked = { ...options, requestCert: true, rejectUnauthorized: clientCertificates === 'require' };
  // An empty list: otherwise the default authorities of Node.js would be trusted to sign client certificates.
  if (clientCa === undefined) return { ...asked, ca: [] };
  const ca = read('clientCa', 'authorities', clientCa);
  try {
    // createSecureContext ignores a file without a certificate.
    new X509Certificate(ca);
  } catch (error) {
    fail('clientCa', `${clientCa} does not contain a certificate in PEM`, error);
  }
  return { ...asked, ca };
}

function codeOf(error: unknown): string {
  return errorCode(error) ?? String(error);
}
