import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { type CliCommand, CliError, type CliOptions, ExitCode } from '../command/command.ts';
import { printable } from '../command/json-text.ts';
import { PrivateCa } from './private-ca.ts';

const DEVICE = /^[A-Za-z0-9_-]{1,64}$/;
const HOST = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*$/;
/** The file names of the authority and the gateway. */
const RESERVED = ['ca', 'server'];

/** `wampway cert`: manages a private certificate authority for a LAN. */
export const certCommand: CliCommand = {
  name: 'cert',
  summary: 'create certificates for TLS: for a private authority, this gateway, and devices',
  arguments: [
    { name: 'what', summary: 'init, device or renew', required: true },
    { name: 'names', summary: 'the names of the devices that get a certificate', required: false, variadic: true },
  ],
  options: [
    { flags: '-d, --folder <folder>', summary: 'the folder of the files', default: 'certs' },
    {
      flags: '--host <name>',
      summary: 'name or address of the gateway (default: all names and addresses of this machine); may be repeated',
      repeatable: true,
    },
  ],
  examples: [
    {
      command: 'wampway cert init pump meter',
      shows: 'creates an authority, and certificates for this gateway and two devices',
    },
    { command: 'wampway cert device boiler', shows: 'creates a certificate for another device' },
    {
      command: 'wampway cert renew',
      shows: 'replaces the certificate of the gateway, valid for 825 days; a running gateway loads it at once',
    },
  ],
  async run([what, ...names], options, io) {
    const ca = new PrivateCa(resolve(String(options['folder'])));
    const hosts = hostsOf(options);
    for (const name of names) {
      if (!DEVICE.test(name) || RESERVED.includes(name.toLowerCase())) {
        throw new CliError(
          `cert: "${printable(name)}" is not a valid device name: use 1 to 64 letters, digits, _ or -, and neither ca nor server`,
        );
      }
    }
    if (new Set(names).size < names.length) throw new CliError('cert: a device name occurs twice');
    if (what === 'init') {
      await ca.prepare(['ca', 'server', ...names]);
      await ca.createCa(`wampway CA of ${hosts[0]}`.slice(0, 64));
      await ca.createServer(hosts);
    } else if (what === 'device' && names.length > 0) {
      await ca.prepare(names);
    } else if (what === 'renew' && names.length === 0) {
      await ca.renewServer(hosts);
    } else {
      throw new CliError('cert: expected init [NAME...], device NAME... or renew');
    }
    for (const name of names) await ca.createDevice(name);
    io.stdout.write(instructions(ca, { server: what !== 'device', fresh: what === 'init', hosts, names }));
    return ExitCode.Ok;
  },
};

function hostsOf({ host }: CliOptions): readonly string[] {
  if (!Array.isArray(host)) return ownHosts();
  const wrong = host.find(name => isIP(name) === 0 && !HOST.test(name));
  if (wrong !== undefined) throw new CliError(`cert: "${printable(wrong)}" is neither a host name nor an IP address`);
  return host;
}

/** Returns the names and addresses of this machine, for other machines in the LAN and for itself. */
function ownHosts(): readonly string[] {
  const name = hostname().split('.')[0] ?? '';
  const addresses = Object.values(networkInterfaces()).flatMap((infos = []) =>
    // Link-local IPv6 addresses are omitted, because they depend on an interface.
    infos.map(({ address }) => address).filter(address => !address.startsWith('fe80:')),
  );
  const named = HOST.test(name) && name.length <= 58 ? [`${name}.local`, name] : [];
  return [...new Set([...named, 'localhost', '127.0.0.1', '::1', ...addresses])];
}

interface CreatedFiles {
  readonly server: boolean;
  readonly fresh: boolean;
  readonly hosts: readonly string[];
  readonly names: readonly string[];
}

function instructions(ca: PrivateCa, { server, fresh, hosts, names }: CreatedFiles): string {
  const lines: string[] = [];
  if (server) lines.push(`# ${ca.path('server.pem')} is for ${hosts.join(', ')}`);
  if (fresh) {
    lines.push('# In the configuration, for each listener that uses TLS, and for bridges.mqtt and bridges.cbor-tcp:');
    lines.push('    tls:');
    lines.push(`      cert: ${ca.path('server.pem')}`);
    lines.push(`      key: ${ca.path('server.key')}`);
    lines.push('      clientCertificates: request');
    lines.push(`      clientCa: ${ca.path('ca.pem')}`);
  }
  if (names.length > 0) {
    lines.push('# And one principal for each device:', 'principals:');
    for (const name of names) {
      lines.push(`  - { authid: ${name}, role: device, certificates: [{ subject: "CN=${name}" }] }`);
    }
    lines.push(
      '# Copy to the device: the CA certificate, which verifies the gateway, and the certificate and key of the device:',
    );
    for (const name of names) {
      lines.push(`#   ${ca.path('ca.pem')} ${ca.path(`${name}.pem`)} ${ca.path(`${name}.key`)}`);
    }
    const [first = ''] = names;
    lines.push(
      `# Example: mosquitto_pub -h ${hosts[0]} -p 8883 --cafile ca.pem --cert ${first}.pem --key ${first}.key …`,
    );
  }
  if (fresh) {
    lines.push(
      `# ${ca.path('ca.key')} can sign a certificate for any device: keep it readable by you only, and off networked machines.`,
    );
  }
  return `${lines.join('\n')}\n`;
}
