// Joins what the command needs, dependencies too, into a few files. Node resolves, reads and compiles modules one at a
// time: from its 300 modules `zonestack run` takes ten times as long as bare node to start, from these twice.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

/** Bundles `entry` into the folder `outdir`, with the licences of the packages that went in. */
export async function bundleCommand(root, entry, outdir) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    outdir,
    bundle: true,
    // What is imported lazily stays a file of its own.
    splitting: true,
    format: 'esm',
    // Not 'node': that would take yaml's CommonJS build, which asks for node's modules by require().
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*'],
    target: 'node20',
    // A tenth of the time is the engine's reading the text. Names stay, for the stack of a broken invariant.
    minifyWhitespace: true,
    minifySyntax: true,
    metafile: true,
  });
  writeFileSync(
    resolve(root, outdir, 'LICENSES.txt'),
    licences(root, Object.keys(metafile.inputs)),
  );
}

function licences(root, inputs) {
  const folders = new Set(
    inputs.flatMap((name) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? []),
  );
  const texts = [...folders].map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    return `${name} ${version}\n\n${readFileSync(join(root, folder, 'LICENSE'), 'utf8')}`;
  });
  return texts.join('\n\n');
}
