import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/** Milliseconds that a process waits for another to finish its change, and between two attempts. */
const PATIENCE = 10_000;
const PAUSE = 20;

/** Another process holds the lock of a file for longer than a change can take. */
export class FileLocked extends Error {
  override readonly name = 'FileLocked';
}

/** A lock that this process holds. */
export interface HeldLock {
  /** Whether it is still held: another process may have taken it for that of a process that has died. */
  isHeld(): boolean;
}

/**
 * Runs `work` while no other process runs work under the lock of the same file. The lock is a file beside it,
 * `{file}.lock`, with the id and the start of the process that holds it; the lock of a process that has died is taken over,
 * also if another process has its id by now, as the first process of each container has.
 * Rejects with `FileLocked` after ten seconds.
 */
export async function withFileLock<T>(file: string, work: (lock: HeldLock) => T): Promise<T> {
  const path = `${file}.lock`;
  const own = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  writeFileSync(own, `${process.pid} ${startOf(process.pid) ?? ''}\n`, { flag: 'wx', mode: 0o600 });
  try {
    await acquire(path, own);
    const isHeld = (): boolean => inodeOf(path) === inodeOf(own);
    try {
      return work({ isHeld });
    } finally {
      if (isHeld()) rmSync(path, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

async function acquire(path: string, own: string): Promise<void> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    try {
      // Unlike a file that is opened and then written, a link is there with its content, or not at all.
      linkSync(own, path);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = holderOf(path);
    if (holder !== undefined && !isAlive(holder)) takeAway(path, holder.inode);
    else if (performance.now() > until) {
      const text = `process ${holder?.pid ?? '?'} is changing it; try again, or remove ${path} if no such process is at work`;
      throw new FileLocked(text);
    } else await new Promise(resolve => setTimeout(resolve, PAUSE + Math.random() * PAUSE));
  }
}

/** Removes the lock of a process that has died, unless another has done so and holds a lock of its own by now. */
function takeAway(path: string, inode: bigint): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  try {
    if (inodeOf(aside) !== inode) linkSync(aside, path);
  } catch {
    // A third process has the lock already; the second sees that its own is gone before it writes anything.
  } finally {
    rmSync(aside, { force: true });
  }
}

interface Holder {
  readonly pid: number;
  /** As `startOf` gave it; undefined if it was not known. */
  readonly start: string | undefined;
  readonly inode: bigint;
}

function holderOf(path: string): Holder | undefined {
  try {
    const inode = inodeOf(path);
    const [id = '', start] = readFileSync(path, 'utf8').trim().split(' ');
    const pid = Number.parseInt(id, 10);
    return inode === undefined || Number.isNaN(pid) ? undefined : { pid, start, inode };
  } catch {
    return undefined;
  }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

function isAlive({ pid, start }: Holder): boolean {
  try {
    process.kill(pid, 0);
    const now = startOf(pid);
    return start === undefined || now === undefined || now === start;
  } catch (error) {
    // It is another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process was started, in ticks since the system was; undefined where the system does not tell. [proc_pid_stat(5)] */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the name in parentheses, may hold spaces; the start is the 22nd.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
