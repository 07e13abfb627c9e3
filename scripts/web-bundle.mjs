// Bundles the page with esbuild: as modules, the first of which is all that the first picture needs, or as one script.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

/** Modules of the package that the page has its own, smaller edition of; what they leave out, and why, stands in those. */
const INSTEAD = {
  'src/fs/types.ts': 'fs-types.ts',
  'src/scenario/load.ts': 'scenario-load.ts',
  'src/scenario/match.ts': 'scenario-match.ts',
  'src/lessons/load.ts': 'lesson-load.ts',
};

/** Lines of src/shell/programs.ts that name what web/src/late.ts brings. */
const LATE_PROGRAMS = ['btrfs', 'mkfsBtrfs', 'fio'];

function packageEdition(root) {
  const filter = new RegExp(
    `[\\\\/](?:${Object.keys(INSTEAD)
      .map((file) => basename(file))
      .join('|')})$`,
  );
  const edition = (path) =>
    Object.entries(INSTEAD).find(([file]) => path === join(root, file))?.[1] ?? null;
  return {
    name: 'package-edition',
    setup: (made) => {
      made.onResolve({ filter: /\.ts$/ }, ({ path, resolveDir }) => {
        const file = join(resolveDir, path);
        const own = filter.test(file) ? edition(file) : null;
        return own === null ? null : { path: join(root, 'web/src/instead', own) };
      });
      made.onLoad({ filter: /[\\/]shell[\\/]programs\.ts$/ }, ({ path }) => ({
        loader: 'ts',
        contents: withoutLate(readFileSync(path, 'utf8')),
      }));
      made.onLoad({ filter: /[\\/]lessons[\\/]data\.ts$/ }, async () => ({
        loader: 'js',
        contents: `export const given = ${JSON.stringify(await lessons(root))};`,
      }));
    },
  };
}

function withoutLate(text) {
  const lines = text.split('\n');
  const kept = lines.filter(
    (line) =>
      !LATE_PROGRAMS.some((name) =>
        new RegExp(`[{,] ${name}(?: \\}|\\],)|, ${name}\\],`).test(line),
      ),
  );
  const gone = lines.length - kept.length;
  if (gone === 2 * LATE_PROGRAMS.length) return kept.join('\n');
  throw new Error(
    `programs.ts expected ${2 * LATE_PROGRAMS.length} lines of late programs, got ${gone}`,
  );
}

/** Every lesson, read and checked here: the page needs neither YAML nor schemas. */
async function lessons(root) {
  const { loadLesson } = await import('../src/lessons/load.ts');
  const folder = join(root, 'lessons');
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.md'))
        .sort()
    : [];
  return files.map((file) => {
    const yaml = file.replace(/\.md$/, '.yaml');
    const read = (name) => readFileSync(join(folder, name), 'utf8');
    const lesson = loadLesson(file, read(file), yaml, read(yaml));
    const { scenario, scenarioText: _text, ...rest } = lesson;
    return {
      ...rest,
      file: yaml,
      title: lesson.title,
      names: [...scenario.names],
      value: scenario.document.value,
    };
  });
}

export function bundle(root, outdir, how) {
  return build({
    absWorkingDir: root,
    entryPoints: { page: 'web/src/main.ts', style: 'web/style/page.css' },
    outdir,
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    metafile: true,
    write: false,
    logLevel: 'warning',
    plugins: [packageEdition(root)],
    ...how,
  });
}
