import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import type { Runtime } from './runtimes.ts';

/** Somebody with an empty folder, and nothing in the environment that settings of hotvec or of an npm above could be. */
export class PackageUser {
  readonly folder: string;
  readonly #runtime: Runtime;

  constructor(folder: string, runtime: Runtime) {
    this.folder = folder;
    this.#runtime = runtime;
  }

  npm(...args: string[]) {
    return this.#run(this.#runtime.npm, args);
  }

  npx(...args: string[]) {
    return this.#run(this.#npx, args);
  }

  /** In a process group of its own, which a terminal would signal as a whole. */
  start(args: string[], environment: Record<string, string> = {}) {
    return spawn(this.#runtime.node, [this.#npx, ...args], {
      cwd: this.folder,
      env: this.#environment(environment),
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
  }

  get #npx(): string {
    return path.join(path.dirname(this.#runtime.npm), 'npx-cli.js');
  }

  #environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
    const isTheirs = (name: string) => /^(PATH|HOME|LANG|TMPDIR|.*_proxy|NODE_EXTRA_CA_CERTS|SSL_.*)$/i.test(name);
    const theirs = Object.entries(process.env).filter(([name]) => isTheirs(name));
    const { PATH } = process.env;
    return {
      ...Object.fromEntries(theirs),
      ...more,
      PATH: `${path.dirname(this.#runtime.node)}${path.delimiter}${PATH}`,
    };
  }

  #run(program: string, args: string[]) {
    const { status, stdout, stderr } = spawnSync(this.#runtime.node, [program, ...args], {
      cwd: this.folder,
      encoding: 'utf8',
      env: this.#environment(),
    });
    return { status, output: stdout, errors: stderr };
  }
}
