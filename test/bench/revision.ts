import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../../', import.meta.url));

/** Another revision of this project, built in a temporary worktree with the packages of this one. */
export class Revision {
  readonly name: string;
  /** Its router's process. */
  readonly host: string;
  readonly #folder: string;

  private constructor(name: string, folder: string) {
    this.name = name;
    this.#folder = folder;
    this.host = join(folder, 'dist/test/bench/router-host.js');
  }

  static build(revision: string): Revision {
    const name = git('rev-parse', '--short', `${revision}^{commit}`).trim();
    const folder = join(mkdtempSync(join(tmpdir(), 'wampway-bench-')), name);
    git('worktree', 'add', '--detach', folder, name);
    const built = new Revision(name, folder);
    try {
      symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
      execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    } catch (error) {
      built[Symbol.dispose]();
      throw error;
    }
    return built;
  }

  [Symbol.dispose](): void {
    rmSync(join(this.#folder, '..'), { recursive: true, force: true });
    git('worktree', 'prune');
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
