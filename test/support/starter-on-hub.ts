import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { filesOf, LocalHub } from './local-hub.ts';
import { type SpawnedCli, spawnCli } from './spawned-cli.ts';

/** The name that the starter is published under. */
export const MODEL = 'hotvec-test/starter';
export const starterFiles = filesOf(path.join(packageRoot, 'models', 'starter'));

/** A hub with the starter on it, an empty cache, and commands that use both: made anew before each test of a suite. */
export class StarterOnHub {
  hub!: LocalHub;
  home = '';
  /** Of the starter as it was published first. */
  commit = '';
  private readonly started: SpawnedCli[] = [];

  /** Call it in `describe`. */
  constructor() {
    beforeEach(async () => {
      this.hub = await LocalHub.start();
      this.home = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
      this.commit = this.hub.publish(MODEL, {
        ...starterFiles,
        'README.md': 'not needed',
        'pytorch_model.bin': 'not needed',
      });
    });
    afterEach(async () => {
      for (const { child } of this.started.splice(0)) child.kill('SIGKILL');
      await this.hub.close();
      rmSync(this.home, { recursive: true, force: true });
    });
  }

  cli(command: string, args: string[] = [], environment: Record<string, string> = {}): SpawnedCli {
    const hub = { HF_ENDPOINT: this.hub.url, HF_HOME: this.home };
    const child = spawnCli([command, ...args], { ...hub, PORT: '0', ...environment });
    this.started.push(child);
    return child;
  }

  serve(environment: Record<string, string> = {}): SpawnedCli {
    return this.cli('serve', [], { MODEL, ...environment });
  }

  async stop({ child, exit }: SpawnedCli): Promise<number | NodeJS.Signals> {
    child.kill('SIGTERM');
    return exit;
  }

  /** The starter's, in the cache. */
  get folder(): string {
    return path.join(this.home, 'hub', 'models--hotvec-test--starter');
  }

  /** Where the bytes of one of its files are. */
  blobOf(file: string): string {
    return realpathSync(path.join(this.folder, 'snapshots', this.commit, file));
  }
}
