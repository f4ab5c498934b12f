import { readdirSync, readFileSync } from 'node:fs';
import { type Dialogue, parseTranscript } from './transcript.ts';

const folder = new URL('../../../test/transcripts/', import.meta.url);

/** The dialogues of one file. */
export interface TranscriptFile {
  readonly file: string;
  /** Whether the listener is strict, by the name of the file: `strict-….txt`. */
  readonly strict: boolean;
  readonly dialogues: readonly Dialogue[];
}

/** All transcripts of the repository, by file. */
export function readTranscripts(): TranscriptFile[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.txt'))
    .sort()
    .map(file => ({
      file,
      strict: file.startsWith('strict'),
      dialogues: parseTranscript(readFileSync(new URL(file, folder), 'utf8'), file),
    }));
}
