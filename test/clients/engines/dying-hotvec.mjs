// Stands for the command `hotvec`: the first of several that has answered INPUTS_UNTIL_DEATH inputs is killed, and says so in DEATHS_FILE. STARTED_FILE gets the URLs of all.
import { spawn } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';

const child = spawn(process.execPath, [process.env.TESTED_CLI, ...process.argv.slice(2)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.once('exit', (code) => process.exit(code ?? 1));
createInterface(child.stdout).on('line', (line) => {
  process.stdout.write(`${line}\n`);
  const fields = line.startsWith('{') ? JSON.parse(line) : {};
  if (fields.msg !== 'ready') return;
  appendFileSync(process.env.STARTED_FILE, `${fields.url}\n`);
  void dieInTime(fields.url);
});

async function dieInTime(url) {
  for (;;) {
    const metrics = await fetch(`${url}/metrics`).then(
      (answer) => answer.text(),
      () => null,
    );
    // It was ended.
    if (metrics === null) return;
    const inputs = Number(/^hotvec_inputs_total\{.*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
    if (inputs >= Number(process.env.INPUTS_UNTIL_DEATH)) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  try {
    writeFileSync(process.env.DEATHS_FILE, `${url} was killed\n`, { flag: 'wx' });
  } catch {
    return;
  }
  child.kill('SIGKILL');
}
