import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The path of the router process in a revision. The second is from before `bench/` moved out of `test/`. */
const hosts = ['dist/bench/router-host.js', 'dist/test/bench/router-host.js'];

const project = fileURLToPath(new URL('../../', import.meta.url));

/** Another revision of this project, built in a temporary worktree with the packages of this revision. */
export class Revision {
  readonly name: string;
  readonly #folder: string;

  private constructor(name: string, folder: string) {
    this.name = name;
    this.#folder = folder;
  }

  /** The path of its router process. */
  get host(): string {
    const found = hosts.map(path => join(this.#folder, path)).find(path => existsSync(path));
    if (found === undefined) throw new Error(`revision ${this.name} has no bench/router-host.ts`);
    return found;
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
