import { readdirSync, readFileSync } from 'node:fs';
import { type Dialogue, parseTranscript } from './transcript.ts';

const folder = new URL('../../../test/transcripts/', import.meta.url);

/** All transcripts of the repository, by file. */
export function readTranscripts(): { readonly file: string; readonly dialogues: readonly Dialogue[] }[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.txt'))
    .sort()
    .map(file => ({ file, dialogues: parseTranscript(readFileSync(new URL(file, folder), 'utf8'), file) }));
}
