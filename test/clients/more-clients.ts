import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../../src/package-info.ts';

/** Clients that are one program together, written in a language whose tools bring them. */
export interface MoreClients {
  name: string;
  /** The tool that must be there. */
  tool: string;
  /** In this folder. */
  folder: string;
  /** Run one after the other in a copy of the folder; the last one reads the task and writes the reports. */
  commands: [string, ...string[]][];
}

/** What one client saw. */
export interface MoreReport {
  client: string;
  version: string;
  /** Of the task's texts. */
  vectors: number[][];
  /** How many vectors it got for the task's many texts, in as few requests as it lets its user send. */
  many: number;
}

const inVenv = (name: string) => path.join('venv', process.platform === 'win32' ? 'Scripts' : 'bin', name);

const pythonCommands = (program: string): MoreClients['commands'] => [
  ['python3', '-m', 'venv', 'venv'],
  [inVenv('python'), '-m', 'pip', 'install', '-q', '--no-deps', '-r', 'more-requirements.txt'],
  [inVenv('python'), program],
];

export const moreClients: MoreClients[] = [
  {
    name: 'Go: openai-go, ollama/api',
    tool: 'go',
    folder: 'go',
    commands: [['go', 'build', '-o', 'clients', '.'], ['./clients']],
  },
  {
    name: 'Rust: async-openai, rig',
    tool: 'cargo',
    folder: 'rust',
    commands: [['cargo', 'build', '--quiet', '--locked'], ['./target/debug/hotvec-clients']],
  },
  {
    name: 'Java: langchain4j, Spring AI',
    tool: 'mvn',
    folder: 'java',
    commands: [
      ['mvn', '-q', '-B', 'compile'],
      ['mvn', '-q', '-B', 'exec:java'],
    ],
  },
  {
    name: 'Python: chromadb, agno, LlamaIndex',
    tool: 'python3',
    folder: 'python',
    commands: pythonCommands('more_clients.py'),
  },
];

/** As these, but with another report: it-ranks.ts. */
export const moreRerankers: MoreClients = {
  name: 'Python: rerankers of LangChain, Haystack, LlamaIndex',
  tool: 'python3',
  folder: 'python',
  commands: pythonCommands('more_rerankers.py'),
};

/**
 * Builds the program in a copy of its folder, which is kept for the next time.
 * @returns the command that runs it there, or why it cannot run, as a sentence.
 */
export function prepare({ tool, folder, commands }: MoreClients): { command: string[]; cwd: string } | string {
  if (spawnSync(tool, ['--version']).error !== undefined) return `${tool} is not installed`;
  const cwd = path.join(packageRoot, 'node_modules', '.cache', `hotvec-clients-${folder}`);
  mkdirSync(cwd, { recursive: true });
  cpSync(path.join(packageRoot, 'test', 'clients', folder), cwd, { recursive: true });
  for (const [program, ...args] of commands.slice(0, -1) as [string, ...string[]][]) {
    const { status, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
    if (status !== 0) return `${[program, ...args].join(' ')} ended with ${status}: ${stderr.trim().slice(-300)}`;
  }
  return { command: commands.at(-1) as string[], cwd };
}
