import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CliError } from '../command/command.ts';

const run = promisify(execFile);

const YEAR = 365;
/** Devices in the field are not visited every year. */
const DAYS = { ca: 20 * YEAR, device: 20 * YEAR, server: 825 } as const;

/** What `openssl req` is told of one certificate. */
interface Certificate {
  readonly commonName: string;
  readonly days: number;
  /** Lines of its extensions. */
  readonly extensions: readonly string[];
}

/**
 * A private certificate authority in a folder: `ca.pem` and `ca.key`, and what they have signed beside them. Made by the
 * openssl program, keys on the curve P-256, which microcontrollers can. Nothing that is there is overwritten, except a
 * server's certificate that is renewed.
 */
export class PrivateCa {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Throws `CliError` where one of `names` is there already, or openssl cannot do it: before anything is written. */
  async prepare(names: readonly string[]): Promise<void> {
    const there = names.flatMap(name => [`${name}.pem`, `${name}.key`]).find(file => existsSync(this.path(file)));
    if (there !== undefined) throw new CliError(`${this.path(there)} is there already, and nothing is overwritten`);
    await checkOpenSsl();
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  async createCa(commonName: string): Promise<void> {
    const extensions = [
      'basicConstraints = critical, CA:TRUE, pathlen:0',
      'keyUsage = critical, keyCertSign, cRLSign',
      'subjectKeyIdentifier = hash',
    ];
    await this.#make('ca', { commonName, days: DAYS.ca, extensions }, []);
  }

  /** For the gateway, under each of `hosts`: names and addresses. */
  async createServer(hosts: readonly string[]): Promise<void> {
    await this.#make('server', serverCertificate(hosts), this.#signed());
  }

  async createDevice(name: string): Promise<void> {
    const extensions = [...leafExtensions, 'extendedKeyUsage = clientAuth'];
    await this.#make(name, { commonName: name, days: DAYS.device, extensions }, this.#signed());
  }

  /** A new certificate in place of the server's, for the same key; a running gateway finds it. */
  async renewServer(hosts: readonly string[]): Promise<void> {
    for (const file of ['ca.pem', 'ca.key', 'server.key', 'server.pem']) {
      if (!existsSync(this.path(file)))
        throw new CliError(`there is no ${this.path(file)}: wampway cert init makes it`);
    }
    await checkOpenSsl();
    const key = ['-key', this.path('server.key')];
    const { certificate } = await request(serverCertificate(hosts), [...this.#signed(), ...key]);
    const fresh = this.path('server.pem.new');
    write(fresh, certificate);
    renameSync(fresh, this.path('server.pem'));
  }

  #signed(): string[] {
    const [ca, key] = [this.path('ca.pem'), this.path('ca.key')];
    for (const file of [ca, key]) {
      if (!existsSync(file)) throw new CliError(`there is no ${file}: wampway cert init makes it`);
    }
    return ['-CA', ca, '-CAkey', key];
  }

  async #make(name: string, certificate: Certificate, signed: readonly string[]): Promise<void> {
    const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const made = await request(certificate, [...signed, ...fresh]);
    write(this.path(`${name}.key`), made.key);
    write(this.path(`${name}.pem`), made.certificate);
  }
}

const leafExtensions = [
  'basicConstraints = critical, CA:FALSE',
  'keyUsage = critical, digitalSignature',
  'subjectKeyIdentifier = hash',
  'authorityKeyIdentifier = keyid',
];

function serverCertificate(hosts: readonly string[]): Certificate {
  const names = hosts.map(host => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`);
  return {
    commonName: hosts[0] ?? 'localhost',
    days: DAYS.server,
    extensions: [...leafExtensions, 'extendedKeyUsage = serverAuth', `subjectAltName = ${names.join(', ')}`],
  };
}

/** The one command that is run: `openssl req -x509 -config FILE -days N …`, its settings in a file of our own alone. */
async function request(
  { commonName, days, extensions }: Certificate,
  more: readonly string[],
): Promise<{ readonly certificate: string; readonly key: string }> {
  // Private to this user, as it holds a key for a moment.
  const folder = mkdtempSync(join(tmpdir(), 'wampway-cert-'));
  try {
    const [config, key, certificate] = ['config', 'key', 'certificate'].map(name => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const settings = ['[req]', 'prompt = no', 'distinguished_name = dn', 'x509_extensions = ext'];
    writeFileSync(config, [...settings, '[dn]', `CN = ${commonName}`, '[ext]', ...extensions, ''].join('\n'));
    const out = more.includes('-newkey') ? ['-keyout', key] : [];
    const args = ['req', '-x509', '-config', config, '-days', String(days), '-sha256', '-out', certificate];
    await run('openssl', [...args, ...out, ...more]);
    return {
      certificate: readFileSync(certificate, 'utf8'),
      key: out.length === 0 ? '' : readFileSync(key, 'utf8'),
    };
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new CliError(`openssl could not make the certificate: ${said.trim().split('\n')[0] ?? ''}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function checkOpenSsl(): Promise<void> {
  let version: string;
  try {
    version = (await run('openssl', ['version'])).stdout;
  } catch {
    throw new CliError('certificates are made by the openssl program, which is not there: sudo apt install openssl');
  }
  if (!/^OpenSSL [3-9]\./.test(version)) {
    throw new CliError(`certificates are made by openssl 3 or later, and here is ${version.trim()}`);
  }
}

/** For this user alone, and only where there is nothing yet. */
function write(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
  // Whatever the umask says.
  chmodSync(path, 0o600);
}
