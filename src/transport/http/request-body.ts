import type { IncomingMessage } from 'node:http';

/**
 * Collects the body of a request, of at most `limit` bytes; gives undefined for one that is longer, as soon as that is
 * known. Never calls back where the connection is lost before the end.
 */
export function readBody(request: IncomingMessage, limit: number, then: (body: Uint8Array | undefined) => void): void {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    request.resume();
    then(undefined);
    return;
  }
  const arrived = (chunk: Uint8Array): void => {
    bytes += chunk.length;
    if (bytes <= limit) {
      chunks.push(chunk);
      return;
    }
    request.off('data', arrived);
    request.off('end', ended);
    request.resume();
    then(undefined);
  };
  const ended = (): void => then(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  request.on('data', arrived);
  request.on('end', ended);
}
