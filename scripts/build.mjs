// Compiles src/ to dist/, and puts the command where `npx zonestack` looks first. `npm ci` runs it through the
// `prepare` script, so two commands set all up.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleCommand } from './bundle-command.mjs';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

// tsconfig.build.json assigns class fields instead of defining them: objects are made two to three times as fast.
rmSync(path('dist'), { recursive: true, force: true });
const compiler = path('node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', path('tsconfig.build.json')], {
  stdio: 'inherit',
});
if (status === 0) await bundleCommand(path('.'), 'dist/cli/main.js', 'dist/command');
const link = path('node_modules/.bin/zonestack');
mkdirSync(path('node_modules/.bin'), { recursive: true });
rmSync(link, { force: true });
symlinkSync('../../bin/zonestack.js', link);
process.exit(status ?? 1);
