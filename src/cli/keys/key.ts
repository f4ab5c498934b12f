import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { errorCode } from '../../base/error-code.ts';
import { type CliCommand, CliError, ExitCode } from '../command/command.ts';
import { jsonText, printable } from '../command/json-text.ts';

/** `wampway key new`: creates a key pair for cryptosign. */
export const keyCommand: CliCommand = {
  name: 'key',
  summary: 'create a key pair for cryptosign',
  arguments: [
    { name: 'what', summary: 'new', required: true },
    { name: 'file', summary: 'the file for the private key; only its owner can read it', required: true },
  ],
  options: [{ flags: '--json', summary: 'print JSON, for scripts' }],
  examples: [
    {
      command: 'wampway key new pump.key',
      shows: 'writes the private key to pump.key and prints the public one, for "wampway user add --key"',
    },
  ],
  async run([what, file = ''], options, io) {
    if (what !== 'new') throw new CliError(`key: expected new FILE, received "${printable(what ?? '')}"`);
    const { privateKey } = generateKeyPairSync('ed25519');
    const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
    try {
      // An existing file is never overwritten, because it may hold the only copy of a key.
      writeFileSync(file, `${hexOf(d)}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      const exists = errorCode(error) === 'EEXIST';
      throw new CliError(`cannot write ${file}: ${exists ? 'the file already exists' : String(error)}`);
    }
    const publicKey = hexOf(x);
    io.stdout.write(options['json'] === true ? `${jsonText({ file, publicKey })}\n` : `public key: ${publicKey}\n`);
    return ExitCode.Ok;
  },
};

function hexOf(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('hex');
}
