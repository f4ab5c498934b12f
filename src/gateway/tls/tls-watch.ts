import { X509Certificate } from 'node:crypto';
import { errorMessage } from '../../base/error-message.ts';
import type { Logger } from '../../base/logger.ts';
import type { TlsOptions } from '../../transport/server/socket-server.ts';
import type { TlsConfig } from '../config/values/tls-schema.ts';
import { FileWatch } from '../support/file-watch.ts';
import { readTls } from './tls-files.ts';

/**
 * Reads the key and certificate of a listener and watches their files. A renewed certificate is loaded without closing
 * connections. If the new files cannot be used, the previous certificate stays and the reason is logged once. An
 * example is a key that is not written yet. Throws `StartError` if the current files cannot be used.
 */
export function watchedTls(listener: string, config: TlsConfig, log: Logger): TlsOptions {
  const { cert, key, clientCa } = config;
  const watches = [cert, key, ...(clientCa === undefined ? [] : [clientCa])].map(file => new FileWatch(file));
  return {
    ...readTls(listener, config),
    follow: server => {
      let logged: string | undefined;
      const look = (): void => {
        try {
          const options = readTls(listener, config);
          server.setSecureContext(options);
          logged = undefined;
          log.info({ listener, cert, ...validity(options) }, 'certificate reloaded');
        } catch (error) {
          const problem = errorMessage(error);
          if (problem === logged) return;
          logged = problem;
          log.error({ listener, problem }, 'the new certificate cannot be used; keeping the previous certificate');
        }
      };
      for (const watch of watches) watch.start(look);
      server.once('close', () => {
        for (const watch of watches) watch.stop();
      });
    },
  };
}

function validity({ cert }: TlsOptions): { readonly fingerprint: string; readonly validTo: string } {
  const { fingerprint256, validTo } = new X509Certificate(cert);
  return { fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(), validTo };
}
