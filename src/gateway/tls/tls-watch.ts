import { X509Certificate } from 'node:crypto';
import { errorMessage } from '../../base/error-message.ts';
import type { Logger } from '../../base/logger.ts';
import type { TlsOptions } from '../../transport/server/socket-server.ts';
import type { TlsConfig } from '../config/values/tls-schema.ts';
import { FileWatch } from '../support/file-watch.ts';
import { readTls } from './tls-files.ts';

/**
 * The key and certificate of a listener, and whatever stands in their files later: a certificate is renewed without
 * anybody's connection ending. What cannot be used, such as a new certificate whose key is not there yet, changes
 * nothing and is told once. Throws `StartError` where what is there now cannot be used.
 */
export function watchedTls(listener: string, config: TlsConfig, log: Logger): TlsOptions {
  const { cert, key, clientCa } = config;
  const watches = [cert, key, ...(clientCa === undefined ? [] : [clientCa])].map(file => new FileWatch(file));
  return {
    ...readTls(listener, config),
    follow: server => {
      let told: string | undefined;
      const look = (): void => {
        try {
          const options = readTls(listener, config);
          server.setSecureContext(options);
          told = undefined;
          log.info({ listener, cert, ...validity(options) }, 'certificate read again');
        } catch (error) {
          const problem = errorMessage(error);
          if (problem === told) return;
          told = problem;
          log.error({ listener, problem }, 'the new certificate cannot be used; the one of before stays');
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
