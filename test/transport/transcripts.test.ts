import { describe, it } from 'node:test';
import type { SerializerName } from '../../src/codec/message/codec.ts';
import { readTranscripts } from '../support/transcript-files.ts';
import { TranscriptPlayer } from '../support/transcript-player.ts';
import { WirePlayback } from '../support/wire-playback.ts';

// One wire for each codec, and each transport once. The link compliance suite has every transport with every codec.
const wires: readonly (readonly ['websocket' | 'rawsocket' | 'longpoll', SerializerName])[] = [
  ['websocket', 'json'],
  ['rawsocket', 'msgpack'],
  ['longpoll', 'cbor'],
];

const transcripts = readTranscripts();

for (const [transport, serializer] of wires) {
  // Most of the time goes into waiting for sockets, so the files wait beside each other.
  describe(`transcripts over ${transport} with ${serializer}`, { concurrency: true }, () => {
    for (const { file, strict, dialogues } of transcripts) {
      it(`${file}, ${dialogues.length} dialogues`, async () => {
        for (const dialogue of dialogues) {
          const playback = await WirePlayback.open(transport, serializer, strict);
          try {
            await new TranscriptPlayer(playback, file).play(dialogue);
          } finally {
            await playback[Symbol.asyncDispose]();
          }
        }
      });
    }
  });
}
