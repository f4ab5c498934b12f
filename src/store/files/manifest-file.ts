import { RecordType, readLog } from './log-file.ts';
import { Varints } from './varints.ts';

/** The kinds of fields in an edit. [leveldb/db/version_edit.cc] */
const Tag = {
  Comparator: 1,
  LogNumber: 2,
  NextFile: 3,
  LastSequence: 4,
  CompactPointer: 5,
  DeletedFile: 6,
  NewFile: 7,
  PreviousLog: 9,
} as const;

/** The files of a store. */
export interface Manifest {
  /** The oldest log whose records are in no table. 0 if there is none. */
  readonly log: number;
  readonly tables: ReadonlySet<number>;
}

/**
 * Reads a LevelDB MANIFEST: edits in the format of a log. Unreadable edits are skipped here, and LevelDB refuses them.
 */
export function readManifest(bytes: Uint8Array): Manifest {
  const tables = new Set<number>();
  let log = 0;
  let parts: Uint8Array[] = [];
  readLog(bytes, (type, content) => {
    if (type === RecordType.Full || type === RecordType.First) parts = [];
    parts.push(content);
    if (type !== RecordType.Full && type !== RecordType.Last) return;
    log = applyEdit(Buffer.concat(parts), tables) ?? log;
  });
  return { log, tables };
}

/** Returns the number of the log, if the edit has one. */
function applyEdit(edit: Uint8Array, tables: Set<number>): number | undefined {
  const reader = new Varints(edit);
  const skipText = (): void => {
    const length = reader.next();
    reader.at += length;
  };
  let log: number | undefined;
  while (reader.at < edit.length) {
    const tag = reader.next();
    if (tag === Tag.Comparator) skipText();
    else if (tag === Tag.LogNumber) log = reader.next();
    else if (tag === Tag.NextFile || tag === Tag.LastSequence || tag === Tag.PreviousLog) reader.next();
    else if (tag === Tag.CompactPointer) {
      reader.next();
      skipText();
    } else if (tag === Tag.DeletedFile) {
      reader.next();
      tables.delete(reader.next());
    } else if (tag === Tag.NewFile) {
      reader.next();
      tables.add(reader.next());
      reader.next();
      skipText();
      skipText();
    } else return log;
  }
  return log;
}
