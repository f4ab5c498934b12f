import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { Client, ErrorUri, Session, webSocketLink } from '../../../src/public/client.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { freePorts } from '../../support/free-ports.ts';
import { RouterServer } from '../../support/router-server.ts';
import { until } from '../../support/until.ts';
import { refusal } from '../router-peer.ts';

describe('link over a standard WebSocket', () => {
  let server: RouterServer;
  let url: string;
  before(async () => {
    server = await RouterServer.start();
    url = server.url;
  });
  after(() => server.stop());

  it('joins, carries large events and calls both ways, and leaves', async () => {
    const link = await webSocketLink(url, { WebSocket });
    assert.deepEqual([link.info.loopback, link.info.serializer, link.info.tls], [true, 'json', false]);
    const session = await Session.join(link, { realm: 'realm1' });
    const text = 'ä€😀'.repeat(50_000);
    const seen: unknown[] = [];
    await session.subscribe('a.b', ({ args }) => seen.push(args[0]));
    await session.register('app.echo', ({ args }) => args[0]);
    for (const value of [1, text, new Uint8Array([1, 2, 3])]) {
      const { args } = await session.call('app.echo', { args: [value] });
      assert.deepEqual(args, [value]);
      await session.publish('a.b', { args: [value], options: { exclude_me: false }, acknowledge: true });
    }
    await until('all events', () => seen.length === 3);
    assert.deepEqual(seen, [1, text, new Uint8Array([1, 2, 3])]);
    await session.leave();
    await until('the router has seen it go', () => server.router.linkCount === 0);
  });

  it('names the address that refuses connections, without the secrets in it', async () => {
    const [port = 0] = await freePorts(1);
    const attempt = webSocketLink(`ws://joe:secret@127.0.0.1:${port}/ws?token=hush`, { WebSocket });
    await assert.rejects(attempt, (error: Error) => {
      assert.match(error.message, new RegExp(`^wamp.error.network_failure: ws://127.0.0.1:${port}/ws: `));
      return !/secret|hush/.test(error.message);
    });
    await assert.rejects(webSocketLink('not a url', { WebSocket }), TypeError);
  });

  it('refuses a server that does not select its subprotocol', async () => {
    const other = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => false });
    await once(other, 'listening');
    const address = other.address();
    assert.ok(typeof address === 'object' && address !== null);
    await refusal(webSocketLink(`ws://127.0.0.1:${address.port}`, { WebSocket }), ErrorUri.NetworkFailure);
    for (const socket of other.clients) socket.terminate();
    await new Promise(done => other.close(done));
  });

  it('aborts when its signal is aborted', async () => {
    await refusal(webSocketLink(url, { WebSocket, signal: AbortSignal.abort() }), ErrorUri.NetworkFailure);
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    assert.ok(typeof address === 'object' && address !== null);
    const stop = new AbortController();
    const attempt = webSocketLink(`ws://127.0.0.1:${address.port}`, { WebSocket, signal: stop.signal });
    const [socket] = await once(silent, 'connection');
    stop.abort();
    await refusal(attempt, ErrorUri.NetworkFailure);
    await once(socket.resume(), 'close');
    await new Promise(done => silent.close(done));
  });

  it('aborts if the peer sends the wrong type of frame', async () => {
    const other = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'wamp.2.json' });
    await once(other, 'listening');
    const address = other.address();
    assert.ok(typeof address === 'object' && address !== null);
    const accepted = once(other, 'connection');
    const joining = Session.join(await webSocketLink(`ws://127.0.0.1:${address.port}`, { WebSocket }), { realm: 'r' });
    const [peer] = (await accepted) as [WebSocket];
    const heard: string[] = [];
    const closed = new Promise<[number, string]>(resolve =>
      peer.on('close', (code, reason) => resolve([code, reason.toString()])),
    );
    peer.on('message', data => heard.push(String(data)));
    peer.send(new Uint8Array([1, 2]));
    await refusal(joining, ErrorUri.NetworkFailure);
    const [code, reason] = await closed;
    assert.equal(code, 4000);
    assert.match(reason, /binary frame/);
    assert.equal(JSON.parse(heard.at(-1) ?? '')[0], MessageType.Abort);
    assert.match(heard.at(-1) ?? '', /wamp\.error\.protocol_violation/);
    await new Promise(done => other.close(done));
  });

  it('reconnects a client to a restarted gateway and restores everything', async () => {
    let gateway = await RouterServer.start();
    const { port, url: address } = gateway;
    const client = new Client({
      realm: 'realm1',
      connect: signal => webSocketLink(address, { WebSocket, signal }),
      backoff: { initial: 10, max: 50 },
    });
    const seen: unknown[] = [];
    await client.subscribe('a.b', ({ args }) => seen.push(args[0]));
    client.start();
    const send = async (value: string): Promise<void> => {
      await until('the subscription', () => gateway.router.realm('realm1')?.subscriptionCount === 1);
      await client.publish('a.b', { args: [value], options: { exclude_me: false }, acknowledge: true });
      await until('the event', () => seen.at(-1) === value);
    };
    await send('said goodbye');
    await gateway.stop();
    await until('the loss is seen', () => client.session === undefined);
    gateway = await RouterServer.start({ port });
    await send('cut off');
    for (const link of gateway.links) link.close('cut');
    await until('the loss is seen', () => client.session === undefined);
    await send('there again');
    assert.deepEqual(seen, ['said goodbye', 'cut off', 'there again']);
    await client.leave();
    await gateway.stop();
  });
});
