import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PeerScript } from '../../../bench/peers/peer-script.ts';

/** A peer whose server is a child of the process that the script starts, and whose arguments decide what goes wrong. */
const SERVER = `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
const [folder, model, port, tokens, option] = process.argv.slice(2);
const idle = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)']);
writeFileSync(folder + '/started.json', JSON.stringify({ model, tokens, option, idle: idle.pid }));
let requests = 0;
createServer((request, response) => {
  response.writeHead(++requests < 3 ? 503 : 200).end('{}');
}).listen(Number(port), '127.0.0.1');
`;
const SCRIPT = `
case $1 in
install) echo installing; [ ! -e "$2/broken" ] || { echo no such package; echo; exit 3; } ;;
start) [ "$6" != ends ] || { echo cannot bind; exit 4; }; shift; exec "${process.execPath}" "$(dirname "$0")/server.mjs" "$@" ;;
versions) echo some==1.2; echo other==3 ;;
reference) cat; [ "$3" = good ] || { echo wrong model >&2; exit 1; } ;;
esac
`;

describe('the script of a peer', () => {
  const scripts = mkdtempSync(path.join(tmpdir(), 'hotvec-peer-'));
  after(() => rmSync(scripts, { recursive: true }));
  const file = path.join(scripts, 'some-peer.sh');
  writeFileSync(file, SCRIPT);
  writeFileSync(path.join(scripts, 'server.mjs'), SERVER);
  let count = 0;
  const fresh = () => {
    const folder = path.join(scripts, String(count++));
    return { peer: new PeerScript('some-peer.sh', folder, scripts), own: path.join(folder, 'some-peer') };
  };

  it('installs once, and again when it is another script', async () => {
    const { peer, own } = fresh();
    await assert.rejects(peer.start('model', 10, []), /not installed/);
    await assert.rejects(peer.versions(), /not installed/);
    await peer.install();
    assert.ok(peer.isInstalled);
    writeFileSync(path.join(own, 'install.log'), 'untouched');
    await peer.install();
    assert.equal(readFileSync(path.join(own, 'install.log'), 'utf8'), 'untouched');
    writeFileSync(file, `${SCRIPT}# a newer version\n`);
    assert.ok(!peer.isInstalled);
    writeFileSync(file, SCRIPT);
  });

  it('says why it could not be installed', async () => {
    const { peer, own } = fresh();
    mkdirSync(path.join(own, 'broken'), { recursive: true });
    await assert.rejects(peer.install(), /could not be installed \(exit code 3\): no such package/);
    assert.ok(!peer.isInstalled);
  });

  it('starts a server, waits until it embeds, and ends all of its processes', async () => {
    const { peer, own } = fresh();
    await peer.install();
    const { url, processId, stop } = await peer.start('some/model', 512, ['an option']);
    const started = JSON.parse(readFileSync(path.join(own, 'started.json'), 'utf8'));
    assert.deepEqual([started.model, started.tokens, started.option], ['some/model', '512', 'an option']);
    assert.equal((await fetch(url)).status, 200);
    const isAlive = (id: number) => {
      // A zombie that nobody waits for is dead, too.
      try {
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${id}/status`, 'utf8'));
      } catch {
        return false;
      }
    };
    if (process.platform === 'linux') assert.ok(isAlive(processId) && isAlive(started.idle));
    await stop();
    await assert.rejects(fetch(url));
    if (process.platform === 'linux') {
      // The kernel takes a moment.
      for (let tries = 0; isAlive(started.idle) && tries < 1000; tries++) await sleep(5);
      assert.ok(!isAlive(processId) && !isAlive(started.idle));
    }
  });

  it('says why a server ended before it embedded', async () => {
    const { peer } = fresh();
    await peer.install();
    await assert.rejects(peer.start('model', 10, ['ends']), /ended with exit code 4: cannot bind/);
  });

  it('asks it for its versions and for what it makes of its input', async () => {
    const { peer } = fresh();
    await peer.install();
    assert.equal(await peer.versions(), 'some 1.2, other 3');
    assert.equal(await peer.ask('reference', ['good'], 'texts'), 'texts');
    await assert.rejects(peer.ask('reference', ['bad'], 'texts'), /some-peer reference: wrong model/);
  });
});
