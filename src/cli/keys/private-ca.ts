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
/** Validity in days. The certificates of devices last long, because devices in the field are rarely serviced. */
const DAYS = { ca: 20 * YEAR, device: 20 * YEAR, server: 825 } as const;

/** The settings of one certificate for `openssl req`. */
interface Certificate {
  readonly commonName: string;
  readonly days: number;
  /** Lines of the extensions section. */
  readonly extensions: readonly string[];
}

/**
 * A private certificate authority in a folder: `ca.pem` and `ca.key`, and the certificates that they signed. The
 * openssl program creates them, with keys on the curve P-256, which microcontrollers support. Existing files are not
 * overwritten, except the server's certificate when it is renewed.
 */
export class PrivateCa {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Creates the folder. If a file of `names` exists or openssl is unusable, throws `CliError` and writes nothing. */
  async prepare(names: readonly string[]): Promise<void> {
    const existing = names.flatMap(name => [`${name}.pem`, `${name}.key`]).find(file => existsSync(this.path(file)));
    if (existing !== undefined) throw new CliError(`${this.path(existing)} already exists and is not overwritten`);
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

  /** Creates the certificate of the gateway. `hosts` are its names and addresses. */
  async createServer(hosts: readonly string[]): Promise<void> {
    await this.#make('server', serverCertificate(hosts), this.#signed());
  }

  async createDevice(name: string): Promise<void> {
    const extensions = [...leafExtensions, 'extendedKeyUsage = clientAuth'];
    await this.#make(name, { commonName: name, days: DAYS.device, extensions }, this.#signed());
  }

  /** Replaces the certificate of the gateway and keeps its key. A running gateway loads the new file. */
  async renewServer(hosts: readonly string[]): Promise<void> {
    for (const file of ['ca.pem', 'ca.key', 'server.key', 'server.pem']) {
      if (!existsSync(this.path(file)))
        throw new CliError(`${this.path(file)} is missing: create it with "wampway cert init"`);
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
      if (!existsSync(file)) throw new CliError(`${file} is missing: create it with "wampway cert init"`);
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

/** Runs `openssl req -x509 -config FILE -days N …`. All settings come from a temporary file, not from the system's. */
async function request(
  { commonName, days, extensions }: Certificate,
  more: readonly string[],
): Promise<{ readonly certificate: string; readonly key: string }> {
  // mkdtemp creates a folder that only this user can read. It briefly holds a private key.
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
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new CliError(`openssl could not create the certificate: ${text.trim().split('\n')[0] ?? ''}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function checkOpenSsl(): Promise<void> {
  let version: string;
  try {
    version = (await run('openssl', ['version'])).stdout;
  } catch {
    throw new CliError('the openssl program is missing: install it, for example with "sudo apt install openssl"');
  }
  if (!/^OpenSSL [3-9]\./.test(version)) {
    throw new CliError(`expected openssl 3 or later, found ${version.trim()}`);
  }
}

/** Writes a file that only this user can read. Fails if the file exists. */
function write(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
  // The umask may have removed a permission of the mode.
  chmodSync(path, 0o600);
}
