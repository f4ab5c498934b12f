import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
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

/** On every answer. The page loads nothing from elsewhere, is shown in no frame, and is what it says it is. */
const SAFETY: OutgoingHttpHeaders = {
  'Content-Security-Policy': "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

/** One way to send a file: as it is, or compressed. */
interface Variant {
  readonly body: Buffer;
  readonly etag: string;
}

interface StaticFile {
  readonly type: string;
  readonly plain: Variant;
  /** Where compressing makes it smaller. */
  readonly gzipped: Variant | undefined;
}

export interface StaticFilesOptions {
  /** What the files' paths begin with, e.g. `/my`; nothing by default. */
  readonly base?: string;
  /** Changes a file before it is served under `url`, e.g. `/index.html`. */
  readonly edit?: (url: string, body: Buffer) => Buffer;
  /** What the files may hold together, in bytes, since they are kept in memory. Default 64 MiB. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/**
 * The files of a folder, over HTTP. They are read and compressed once, when loaded; a request is looked up among
 * their names, so no path of a request ever reaches the file system.
 */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;

  private constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files;
  }

  /**
   * Reads a folder and those in it. The folder itself may be a link; links in it are not followed, to files or to folders, and
   * names that begin with a dot are left out: `.env`, `.git`. Rejects with the system's error if it cannot, and with a
   * `RangeError` if the folder holds too much.
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
      answerText(response, 404, 'There is no such page', SAFETY);
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      answerText(response, 405, 'Only GET and HEAD', { ...SAFETY, Allow: 'GET, HEAD' });
    } else {
      send(request, response, file);
    }
  };
}

/** Every file below a folder, `/name` by `/name`, without those that a link leads to. */
async function* filesIn(
  folder: string,
  name: string,
): AsyncGenerator<{ readonly path: string; readonly name: string }> {
  // Between the listing and now, a link may have come in the place of the folder.
  if ((await realpath(folder)) !== folder) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path, `${name}/${entry.name}`);
    else if (entry.isFile()) yield { path, name: `${name}/${entry.name}` };
  }
}

/** The contents of a file; undefined if it is a link or anything else by now. */
async function contents(path: string, room: number): Promise<Buffer | 'too much' | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    linkToNothing,
  );
  if (handle === undefined) return undefined;
  try {
    const info = await handle.stat();
    if (!info.isFile() || (await realpath(path)) !== path) return undefined;
    return info.size > room ? 'too much' : await handle.readFile();
  } finally {
    await handle.close();
  }
}

function linkToNothing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ELOOP') return undefined;
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
  const { body, etag } = gzipped !== undefined && takesGzip(request.headers['accept-encoding']) ? gzipped : plain;
  const headers: OutgoingHttpHeaders = { ...SAFETY, ETag: etag, 'Cache-Control': 'no-cache' };
  if (gzipped !== undefined) headers['Vary'] = 'Accept-Encoding';
  if (isKnown(request.headers['if-none-match'], etag)) {
    answerEmpty(response, 304, headers);
    return;
  }
  headers['Content-Type'] = type;
  if (body === gzipped?.body) headers['Content-Encoding'] = 'gzip';
  answer(response, 200, body, headers);
}

/** [RFC9110-12.5.3] */
function takesGzip(accepted = ''): boolean {
  return accepted.split(',').some(item => {
    const [coding = '', ...parameters] = item.split(';').map(part => part.trim().toLowerCase());
    return (coding === 'gzip' || coding === '*') && !parameters.some(parameter => /^q=0(\.0*)?$/.test(parameter));
  });
}

/** [RFC9110-13.1.2] */
function isKnown(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  return condition.split(',').some(item => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag);
}
