import { get } from 'node:http';
import process from 'node:process';

// The container's health check: exit code 0 when /readyz answers 200. The slim image has no curl, and this asks for
// nothing but the port: a check that read all settings would fail where some of them are given as flags.
const port = process.env.HOTVEC_PORT || process.env.PORT || 8080;

const request = get({ host: '127.0.0.1', port, path: '/readyz', timeout: 3_000 }, (response) => {
  response.resume();
  process.exitCode = response.statusCode === 200 ? 0 : 1;
});
request.on('timeout', () => request.destroy());
request.on('error', () => {
  process.exitCode = 1;
});
