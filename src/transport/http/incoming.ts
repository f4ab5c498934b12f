import type { IncomingMessage } from 'node:http';

/** The path of a request's URL, without query and fragment. Escapes (`%20`) are not decoded. */
export function pathOf({ url = '' }: IncomingMessage): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}

/**
 * Collects the body of a request or response, at most `limit` bytes. Calls back with undefined as soon as the body is
 * known to be longer. Never calls back if the connection is lost before the end of the body.
 */
export function readBody(message: IncomingMessage, limit: number, then: (body: Uint8Array | undefined) => void): void {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (Number(message.headers['content-length'] ?? 0) > limit) {
    message.resume();
    then(undefined);
    return;
  }
  const onData = (chunk: Uint8Array): void => {
    bytes += chunk.length;
    if (bytes <= limit) {
      chunks.push(chunk);
      return;
    }
    message.off('data', onData);
    message.off('end', onEnd);
    message.resume();
    then(undefined);
  };
  const onEnd = (): void => then(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  message.on('data', onData);
  message.on('end', onEnd);
}
