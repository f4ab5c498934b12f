import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { routerFeatures } from '../../src/wamp/features.ts';
import { RouterPlayback } from '../support/router-playback.ts';
import { readTranscripts } from '../support/transcript-files.ts';
import { TranscriptPlayer } from '../support/transcript-player.ts';

const transcripts = readTranscripts();

for (const { file, strict, dialogues } of transcripts) {
  describe(`transcript ${file}`, () => {
    for (const dialogue of dialogues) {
      it(dialogue.title, () => new TranscriptPlayer(new RouterPlayback(strict), file).play(dialogue));
    }
  });
}

describe('transcripts', () => {
  const titles = transcripts.flatMap(({ dialogues }) => dialogues.map(({ title }) => title));

  it('have at least one dialogue for each announced feature', () => {
    const sections = Object.values(routerFeatures).flatMap(features => Object.values(features));
    assert.deepEqual(
      sections.filter(section => !titles.some(title => title.includes(`[${section}]`))),
      [],
    );
  });

  it('name the section of the specification', () => {
    assert.deepEqual(
      titles.filter(title => !/\[(basic|advanced)\/\w+\]/.test(title)),
      [],
    );
  });
});
