import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { errorCode } from '../../base/error-code.ts';
import { pathOf } from './incoming.ts';
import { answer, answerEmpty, answerText } from './responses.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/** Headers of every answer. The page may load nothing from other sites, and other sites may not show it in a frame. */
const SAFETY: OutgoingHttpHeaders = {
  'Content-Security-Policy': "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

/** One encoding of a file: plain or compressed. */
interface Variant {
  readonly body: Buffer;
  readonly etag: string;
}

interface StaticFile {
  readonly type: string;
  readonly plain: Variant;
  /** Only if compression makes the file smaller. */
  readonly gzipped: Variant | undefined;
}

export interface StaticFilesOptions {
  /** Prefix of the files' URL paths, e.g. `/my`. Default: none. */
  readonly base?: string;
  /** Changes the contents of the file at `url`, e.g. `/index.html`, when it is loaded. */
  readonly edit?: (url: string, body: Buffer) => Buffer;
  /** The largest size of all files together, in bytes, because they are kept in memory. Default 64 MiB. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Serves the files of a folder over HTTP. They are read and compressed once, when loaded. A request is looked up in a
 * table of their names, so the path of a request never reaches the file system.
 */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;

  private constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files;
  }

  /**
   * Reads a folder and its subfolders. The folder itself may be a symbolic link. Links in it are not followed, and
   * names that begin with a dot are skipped: `.env`, `.git`. Rejects with the system's error, or with a `RangeError` if
   * the files are larger than `maxBytes`.
   */
  static async load(folder: string, options: StaticFilesOptions = {}): Promise<StaticFiles> {
    const { base = '', edit = (_url, body) => body, maxBytes = DEFAULT_MAX_BYTES } = options;
    const files = new Map<string, StaticFile>();
    let bytes = 0;
    for await (const { path, name } of filesIn(await realpath(folder), '')) {
      const body = await contents(path, maxBytes - bytes);
      if (body === undefined) continue;
      if (body === 'too much') throw new RangeError(`${folder} holds more than ${maxBytes} bytes`);
      bytes += body.length;
      const url = `${base}${name}`;
      const file = await makeFile(path, edit(url, body));
      files.set(url, file);
      if (url.endsWith('/index.html')) files.set(url.slice(0, -'index.html'.length), file);
    }
    return new StaticFiles(files);
  }

  /** Paths that are served. */
  get names(): Iterable<string> {
    return this.#files.keys();
  }

  /** Answers a request: 200, 304, 404, or 405. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const file = this.#files.get(nameOf(request));
    if (file === undefined) {
      answerText(response, 404, 'This page does not exist', SAFETY);
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      answerText(response, 405, 'Only GET and HEAD are supported', { ...SAFETY, Allow: 'GET, HEAD' });
    } else {
      send(request, response, file);
    }
  };
}

/** Every file below a folder, without symbolic links. `name` is its path below the folder, such as `/assets/app.js`. */
async function* filesIn(
  folder: string,
  name: string,
): AsyncGenerator<{ readonly path: string; readonly name: string }> {
  // A link may have replaced the folder since it was listed.
  if ((await realpath(folder)) !== folder) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path, `${name}/${entry.name}`);
    else if (entry.isFile()) yield { path, name: `${name}/${entry.name}` };
  }
}

/** The contents of a file. Undefined if the file is now a link or another kind of file. */
async function contents(path: string, maxBytes: number): Promise<Buffer | 'too much' | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    undefinedForLink,
  );
  if (handle === undefined) return undefined;
  try {
    const info = await handle.stat();
    if (!info.isFile() || (await realpath(path)) !== path) return undefined;
    return info.size > maxBytes ? 'too much' : await handle.readFile();
  } finally {
    await handle.close();
  }
}

function undefinedForLink(error: unknown): undefined {
  if (errorCode(error) === 'ELOOP') return undefined;
  throw error;
}

async function makeFile(path: string, body: Buffer): Promise<StaticFile> {
  const type = types[extname(path).toLowerCase()] ?? 'application/octet-stream';
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  const compressed = await promisify(gzip)(body, { level: 9 });
  const gzipped = compressed.length < body.length * 0.9 ? { body: compressed, etag: `"${hash}-gz"` } : undefined;
  return { type, plain: { body, etag: `"${hash}"` }, gzipped };
}

/** The decoded path of a request: a key of the file table. A path with an invalid escape matches no file. */
function nameOf(request: IncomingMessage): string {
  try {
    return decodeURIComponent(pathOf(request));
  } catch {
    return '';
  }
}

function send(request: IncomingMessage, response: ServerResponse, { type, plain, gzipped }: StaticFile): void {
  const { body, etag } = gzipped !== undefined && acceptsGzip(request.headers['accept-encoding']) ? gzipped : plain;
  const headers: OutgoingHttpHeaders = { ...SAFETY, ETag: etag, 'Cache-Control': 'no-cache' };
  if (gzipped !== undefined) headers['Vary'] = 'Accept-Encoding';
  if (matches(request.headers['if-none-match'], etag)) {
    answerEmpty(response, 304, headers);
    return;
  }
  headers['Content-Type'] = type;
  if (body === gzipped?.body) headers['Content-Encoding'] = 'gzip';
  answer(response, 200, body, headers);
}

/** [RFC9110-12.5.3] */
function acceptsGzip(accepted = ''): boolean {
  return accepted.split(',').some(item => {
    const [coding = '', ...parameters] = item.split(';').map(part => part.trim().toLowerCase());
    return (coding === 'gzip' || coding === '*') && !parameters.some(parameter => /^q=0(\.0*)?$/.test(parameter));
  });
}

/** [RFC9110-13.1.2] */
function matches(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  return condition.split(',').some(item => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag);
}
