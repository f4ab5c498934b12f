import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { Ticket } from '../../../src/auth/methods/ticket.ts';
import { hashTicket, parseTicketHash } from '../../../src/auth/methods/ticket-hash.ts';
import { WampError } from '../../../src/wamp/errors.ts';

describe('ticket [advanced/authentication_ticket]', () => {
  it('is compared as plain text or by its hash', async () => {
    for (const ticket of [new Ticket('geheim'), new Ticket(await hashTicket('geheim'))]) {
      assert.equal(await ticket.matches('geheim'), true);
      for (const wrong of ['', 'Geheim', 'geheim ', 'x'.repeat(9000)]) assert.equal(await ticket.matches(wrong), false);
    }
  });

  it('gets a new salt with each hash', async () => {
    assert.notEqual(await hashTicket('geheim'), await hashTicket('geheim'));
  });

  it('is not visible when it is printed', () => {
    const ticket = new Ticket('geheim');
    assert.doesNotMatch(inspect(ticket, { showHidden: true, depth: 9 }) + JSON.stringify(ticket), /geheim/);
  });

  it('rejects a hash with an excessive cost', () => {
    const [salt, hash] = [Buffer.alloc(16).toString('base64'), Buffer.alloc(32).toString('base64')];
    assert.notEqual(parseTicketHash(`scrypt$16384$8$1$${salt}$${hash}`), undefined);
    for (const cost of ['16385$8$1', '1048576$999$1', '99999999$8$1', '16384$0$1', '16384$8$0']) {
      assert.equal(parseTicketHash(`scrypt$${cost}$${salt}$${hash}`), undefined, cost);
    }
    assert.equal(parseTicketHash('scrypt is what I like'), undefined);
  });

  it('has decoys of the same shape that accept no answer', async () => {
    for (const ticket of [new Ticket('geheim'), new Ticket(await hashTicket('geheim'))]) {
      const decoy = ticket.decoy((_label, octets) => Buffer.alloc(octets, 7));
      assert.equal(decoy.shape, ticket.shape);
      assert.ok(decoy instanceof Ticket);
      assert.equal(await decoy.matches('geheim'), false);
    }
  });

  it('rejects a comparison with authentication_failed while 256 others run and wait', async () => {
    const ticket = new Ticket(await hashTicket('secret'));
    let refused = 0;
    const compare = async (): Promise<void> => {
      try {
        assert.equal(await ticket.matches('secret', () => false), 'unchecked');
      } catch (error) {
        assert.ok(error instanceof WampError);
        assert.equal(error.uri, 'wamp.error.authentication_failed');
        refused++;
      }
    };
    await Promise.all(Array.from({ length: 300 }, compare));
    assert.equal(refused, 300 - 256);
    await compare();
    assert.equal(refused, 300 - 256);
  });
});
