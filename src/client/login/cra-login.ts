import { base64Of } from '../../codec/bytes/base64.ts';
import { hmacSha256, pbkdf2Sha256, utf8 } from './digest.ts';
import { type Login, numberIn, textIn } from './login.ts';

/** The most iterations that a router may ask for, so that it cannot keep the client busy without end. */
const MAX_ITERATIONS = 10_000_000;

/** WAMP-CRA: the secret signs the challenge and is never sent. [advanced/authentication_cra] */
export function craLogin(secret: string): Login {
  return {
    method: 'wampcra',
    begin: () => ({
      async answer(extra) {
        const challenge = textIn(extra, 'challenge');
        let key = secret;
        if (extra['salt'] !== undefined) {
          const salt = textIn(extra, 'salt');
          const iterations = numberIn(extra, 'iterations', 1, MAX_ITERATIONS);
          key = base64Of(await pbkdf2Sha256(secret, salt, iterations, numberIn(extra, 'keylen', 16, 64)));
        }
        return base64Of(hmacSha256(utf8(key), challenge));
      },
    }),
  };
}
