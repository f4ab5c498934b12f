import type { WampEvent } from '../../client/api/session-api.ts';
import { type CliCommand, ExitCode } from '../command/command.ts';
import { printable } from '../command/json-text.ts';
import { matchOption, matchPolicy, wholeNumber } from '../command/option-values.ts';
import { peerOptions, withPeer } from '../command/peer-options.ts';
import { LinePrinter } from '../output/line-printer.ts';

/** `wampway sub`: prints the events of a topic or pattern until it is stopped. */
export const subCommand: CliCommand = {
  name: 'sub',
  summary: 'print events as they come, until stopped',
  arguments: [{ name: 'topic', summary: 'the topic or pattern to subscribe to', required: true }],
  options: [matchOption('topic'), { flags: '--count <n>', summary: 'end after this many events' }, ...peerOptions],
  examples: [
    { command: 'wampway sub mqtt. --match prefix', shows: 'prints all that comes from MQTT devices' },
    { command: 'wampway sub app..temperature --match wildcard', shows: 'prints the temperature of every room' },
    { command: 'wampway sub app.alarm --count 1 --json', shows: 'waits for one event and prints it for a script' },
  ],
  async run([topic = ''], options, io) {
    const match = matchPolicy(options);
    const count = wholeNumber(options, 'count', 1) ?? Number.POSITIVE_INFINITY;
    const printer = new LinePrinter(io, options, 'topic');
    return withPeer(options, io, async ({ session, place }) => {
      let seen = 0;
      let finish: (code: number) => void = () => {};
      let fail: (error: unknown) => void = () => {};
      const finished = new Promise<number>((resolve, reject) => {
        finish = resolve;
        fail = reject;
      });
      const onEvent = ({ topic: name, publication, details, payload }: WampEvent): void => {
        if (seen >= count) return;
        seen++;
        try {
          printer.print({ name, payload, more: { publication, details } });
        } catch (error) {
          fail(error);
        }
        if (seen >= count) finish(ExitCode.Ok);
      };
      await session.subscribe(topic, onEvent, { match });
      // Apart from the events: a script that reads these can wait for this line.
      io.stderr.write(`subscribed to ${printable(topic)} on ${place}; Ctrl-C ends it\n`);
      return finished;
    });
  },
};
