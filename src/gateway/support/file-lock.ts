import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { errorCode } from '../../base/error-code.ts';

/** Milliseconds that a process waits for the lock, and between two attempts. */
const PATIENCE = 10_000;
const PAUSE = 20;

/** Another process holds the lock of a file for too long. */
export class FileLocked extends Error {
  override readonly name = 'FileLocked';
}

/** A lock that this process holds. */
export interface HeldLock {
  /** Whether it is still held. Another process may have removed it as the lock of a dead process. */
  isHeld(): boolean;
}

/**
 * Runs `work` under an exclusive lock of a file. The lock is the file `{file}.lock` with the id and the start time of
 * its process. The lock of a dead process is removed. The start time detects a reused id: the first process of each
 * container has the same id. Rejects with `FileLocked` after ten seconds.
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
      // A hard link appears atomically with its content, unlike a file that is opened and then written.
      linkSync(own, path);
      return;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const holder = holderOf(path);
    if (holder !== undefined && !isAlive(holder)) removeStale(path, holder.inode);
    else if (performance.now() > until) {
      const text = `process ${holder?.pid ?? '?'} is changing the file: try again, or remove ${path} if no such process runs`;
      throw new FileLocked(text);
    } else await new Promise(resolve => setTimeout(resolve, PAUSE + Math.random() * PAUSE));
  }
}

/** Removes the lock of a dead process, unless another process has replaced it by a lock of its own. */
function removeStale(path: string, inode: bigint): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  try {
    if (inodeOf(aside) !== inode) linkSync(aside, path);
  } catch {
    // A third process has the lock. The second one calls `isHeld` before it writes, and finds its lock removed.
  } finally {
    rmSync(aside, { force: true });
  }
}

interface Holder {
  readonly pid: number;
  /** The result of `startOf`. Undefined if unknown. */
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
    // EPERM: the process exists and belongs to another user.
    return errorCode(error) === 'EPERM';
  }
}

/** Start time of a process, in ticks since boot. Undefined if the system has no /proc. [proc_pid_stat(5)] */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the name in parentheses, may contain spaces. The start time is the 22nd field.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
