import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { StaticFiles } from '../../../src/transport/http/static-files.ts';

const PAGE = `<!doctype html><title>page</title>${'<p>line</p>'.repeat(200)}`;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

describe('static files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wampway-static-'));
  let server: Server;

  before(async () => {
    mkdirSync(join(folder, 'page', 'assets'), { recursive: true });
    writeFileSync(join(folder, 'secret.txt'), 'not to be seen');
    writeFileSync(join(folder, 'page', 'index.html'), PAGE);
    writeFileSync(join(folder, 'page', 'assets', 'a b.js'), 'x');
    writeFileSync(join(folder, 'page', 'logo.png'), Buffer.from([0x89, 0x50, 0x4e, 0x47]));
    symlinkSync(join(folder, 'secret.txt'), join(folder, 'page', 'link.txt'));
    const files = await StaticFiles.load(join(folder, 'page'));
    // The files are in memory, so the folder can be deleted.
    rmSync(join(folder, 'page'), { recursive: true });
    server = createServer(files.handle);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  });

  after(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  /** `fetch` would normalize the path and decompress the body. */
  function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const { port } = address;
    return new Promise((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port, path, method, headers }, response => {
        const parts: Buffer[] = [];
        response.on('data', part => parts.push(part));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
        });
      });
      request.on('error', reject);
      request.end();
    });
  }

  it('serve a folder with content types, and its index at /', async () => {
    const index = await ask('/');
    assert.deepEqual([index.status, index.headers['content-type']], [200, 'text/html; charset=utf-8']);
    assert.equal(index.body.toString(), PAGE);
    assert.equal((await ask('/index.html?x=1#y')).body.toString(), PAGE);
    const script = await ask('/assets/a%20b.js');
    assert.deepEqual([script.status, script.headers['content-type']], [200, 'text/javascript; charset=utf-8']);
    assert.equal((await ask('/logo.png')).headers['content-type'], 'image/png');
  });

  it('send gzip to a client that accepts it, if it is smaller', async () => {
    for (const accepted of ['gzip', 'br;q=1, GZIP;q=0.5', '*']) {
      const { headers, body } = await ask('/', { 'Accept-Encoding': accepted });
      assert.equal(headers['content-encoding'], 'gzip', accepted);
      assert.equal(gunzipSync(body).toString(), PAGE);
      assert.equal(Number(headers['content-length']), body.length);
      assert.equal(headers['vary'], 'Accept-Encoding');
    }
    for (const refused of ['', 'br', 'gzip;q=0', 'gzip;q=0.000', 'identity']) {
      const { headers, body } = await ask('/', { 'Accept-Encoding': refused });
      assert.equal(headers['content-encoding'], undefined, refused);
      assert.equal(body.toString(), PAGE);
    }
    assert.equal((await ask('/logo.png', { 'Accept-Encoding': 'gzip' })).headers['content-encoding'], undefined);
  });

  it('answer 304 to a client that has the file, with one tag for each coding', async () => {
    const plain = (await ask('/')).headers.etag ?? '';
    const gzipped = (await ask('/', { 'Accept-Encoding': 'gzip' })).headers.etag ?? '';
    assert.notEqual(plain, gzipped);
    for (const tags of [plain, `W/${plain}`, `"other", ${plain}`, '*']) {
      const { status, headers, body } = await ask('/', { 'If-None-Match': tags });
      assert.deepEqual([status, body.length, headers.etag], [304, 0, plain], tags);
    }
    assert.equal((await ask('/', { 'If-None-Match': '"other"' })).status, 200);
    assert.equal((await ask('/', { 'If-None-Match': plain, 'Accept-Encoding': 'gzip' })).status, 200);
  });

  it('support HEAD, and refuse other methods with 405', async () => {
    const { status, headers, body } = await ask('/', {}, 'HEAD');
    assert.deepEqual([status, Number(headers['content-length']), body.length], [200, PAGE.length, 0]);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await ask('/', {}, method);
      assert.deepEqual([answer.status, answer.headers['allow']], [405, 'GET, HEAD'], method);
      assert.equal((await ask('/nothing', {}, method)).status, 404, method);
    }
  });

  it('serve no other file, for any spelling of the path', async () => {
    for (const path of [
      '/nothing',
      '/link.txt',
      '/assets',
      '/assets/',
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/assets/../index.html',
      '//index.html',
      '/index.html/',
      '/INDEX.HTML',
      '/%',
      '/%00',
      '/__proto__',
      '/constructor',
    ]) {
      const { status, body } = await ask(path);
      assert.equal(status, 404, path);
      assert.doesNotMatch(body.toString(), /not to be seen/);
    }
  });

  it('send the security headers with every answer', async () => {
    for (const answer of [await ask('/'), await ask('/nothing'), await ask('/', {}, 'POST')]) {
      assert.match(String(answer.headers['content-security-policy']), /^default-src 'self'/);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    }
  });

  it('reject if the folder does not exist', async () => {
    await assert.rejects(StaticFiles.load(join(folder, 'none')), { code: 'ENOENT' });
  });

  it('follow no link in the folder, to a file, a folder or itself, at any depth, and skip names that begin with a dot', async () => {
    const root = mkdtempSync(join(tmpdir(), 'wampway-links-'));
    const outside = join(root, 'outside');
    const inside = join(root, 'inside');
    mkdirSync(join(outside, 'deep'), { recursive: true });
    mkdirSync(join(inside, 'a', 'b'), { recursive: true });
    mkdirSync(join(inside, '.git'));
    writeFileSync(join(outside, 'secret.txt'), 'secret');
    writeFileSync(join(outside, 'deep', 'secret.txt'), 'secret');
    for (const place of ['', 'a', 'a/b']) {
      writeFileSync(join(inside, place, 'page.html'), 'page');
      writeFileSync(join(inside, place, '.env'), 'secret');
      symlinkSync(outside, join(inside, place, 'linked'));
      symlinkSync(
        `${'../'.repeat(place.split('/').filter(Boolean).length + 1)}outside`,
        join(inside, place, 'relative'),
      );
      symlinkSync(join(outside, 'secret.txt'), join(inside, place, 'link.txt'));
      symlinkSync(inside, join(inside, place, 'loop'));
      symlinkSync(join(root, 'nothing'), join(inside, place, 'dangling'));
    }
    writeFileSync(join(inside, '.git', 'config'), 'secret');
    symlinkSync(inside, join(root, 'alias'));
    for (const folder of [inside, join(root, 'alias')]) {
      const files = await StaticFiles.load(folder, { base: '/my' });
      assert.deepEqual([...files.names].sort(), ['/my/a/b/page.html', '/my/a/page.html', '/my/page.html']);
    }
    rmSync(root, { recursive: true });
  });

  it('reject a folder above the size limit, and read each file once', async () => {
    const root = mkdtempSync(join(tmpdir(), 'wampway-sizes-'));
    for (const name of ['a.txt', 'b.txt']) writeFileSync(join(root, name), 'x'.repeat(100));
    assert.equal([...(await StaticFiles.load(root, { maxBytes: 200 })).names].length, 2);
    await assert.rejects(StaticFiles.load(root, { maxBytes: 199 }), RangeError);
    rmSync(root, { recursive: true });
  });
});
