// Compiles src/ to dist/. `npm ci` runs it through the `prepare` script, so two commands set all up.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
const { status } = spawnSync(process.execPath, [compiler, '-p', `${root}tsconfig.json`], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
