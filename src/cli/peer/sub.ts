import type { WampEvent } from '../../client/api/session-api.ts';
import { type CliCommand, ExitCode } from '../command/command.ts';
import { printable } from '../command/json-text.ts';
import { chosenMatchPolicy, matchOption, wholeNumber } from '../command/option-values.ts';
import { peerOptions, withPeer } from '../command/peer-options.ts';
import { LinePrinter } from '../output/line-printer.ts';

/** `wampway sub`: prints the events of a topic or pattern until a signal stops it. */
export const subCommand: CliCommand = {
  name: 'sub',
  summary: 'print events until stopped',
  arguments: [{ name: 'topic', summary: 'the topic or pattern to subscribe to', required: true }],
  options: [matchOption('topic'), { flags: '--count <n>', summary: 'end after this many events' }, ...peerOptions],
  examples: [
    { command: 'wampway sub mqtt. --match prefix', shows: 'prints all events of MQTT devices' },
    { command: 'wampway sub app..temperature --match wildcard', shows: 'prints the temperature of every room' },
    { command: 'wampway sub app.alarm --count 1 --json', shows: 'waits for one event and prints it for a script' },
  ],
  async run([topic = ''], options, io) {
    const match = chosenMatchPolicy(options);
    const count = wholeNumber(options, 'count', 1) ?? Number.POSITIVE_INFINITY;
    const printer = new LinePrinter(io, options, 'topic');
    return withPeer(options, io, async ({ session, place }) => {
      let received = 0;
      let finish: (code: number) => void = () => {};
      let fail: (error: unknown) => void = () => {};
      const finished = new Promise<number>((resolve, reject) => {
        finish = resolve;
        fail = reject;
      });
      const onEvent = ({ topic: name, publication, details, payload }: WampEvent): void => {
        if (received >= count) return;
        received++;
        try {
          printer.print({ name, payload, more: { publication, details } });
        } catch (error) {
          fail(error);
        }
        if (received >= count) finish(ExitCode.Ok);
      };
      await session.subscribe(topic, onEvent, { match });
      // On stderr, so that a script can wait for this line while it reads the events from stdout.
      io.stderr.write(`subscribed to ${printable(topic)} on ${place}; Ctrl-C ends it\n`);
      return finished;
    });
  },
};
