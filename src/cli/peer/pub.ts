import { setTimeout as pause } from 'node:timers/promises';
import { type CliCommand, ExitCode } from '../command/command.ts';
import { jsonText, printable } from '../command/json-text.ts';
import { typedPayload, wholeNumber } from '../command/option-values.ts';
import { peerOptions, withPeer } from '../command/peer-options.ts';

/** `wampway pub`: publishes an event, once or several times. */
export const pubCommand: CliCommand = {
  name: 'pub',
  summary: 'publish an event',
  arguments: [
    { name: 'topic', summary: 'the topic to publish to', required: true },
    { name: 'arg', summary: 'arguments, each JSON or text', required: false, variadic: true },
  ],
  options: [
    { flags: '--kwarg <key=value>', summary: 'a named argument; may be repeated', repeatable: true },
    { flags: '--ack', summary: 'wait for the acknowledgement of the router, and print the publication id' },
    { flags: '--count <n>', summary: 'number of events', default: '1' },
    { flags: '--interval <ms>', summary: 'time between two events', default: '1000' },
    ...peerOptions,
  ],
  examples: [
    { command: 'wampway pub app.light.kitchen true', shows: 'publishes one argument, a boolean' },
    {
      command: 'wampway pub app.sensor 21.5 --kwarg unit=C --ack',
      shows: 'publishes a number and a named text, and fails if the router rejects the event',
    },
    { command: 'wampway pub app.tick --count 60 --interval 1000', shows: 'publishes once a second for a minute' },
  ],
  async run([topic = '', ...typed], options, io) {
    const payload = typedPayload(typed, options);
    const count = wholeNumber(options, 'count', 1) ?? 1;
    const interval = wholeNumber(options, 'interval', 0) ?? 1000;
    const acknowledge = options['ack'] === true;
    return withPeer(options, io, async ({ session }) => {
      for (let sent = 0; sent < count; sent++) {
        if (sent > 0) await pause(interval, undefined, { signal: io.signal }).catch(() => {});
        if (io.signal.aborted) break;
        const publication = await session.publish(topic, { payload, acknowledge });
        if (publication === undefined) continue;
        io.stdout.write(
          options['json'] === true
            ? `${jsonText({ topic, publication })}\n`
            : `${printable(topic)}: publication ${publication}\n`,
        );
      }
      return ExitCode.Ok;
    });
  },
};
