// The page. `build`: a folder to be served (page.js, page.css) and one HTML file with everything in it, which opens from a
// disk; prints what they weigh and fails over the budget. `serve`: builds at every request's change and serves the folder.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, context } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'build/web');
const BUDGET_BYTES = 250 * 1024;

/**
 * fio is an eighteenth of the page and drives measurements that nobody makes in one: the page says so instead. Its name stays
 * known, so that whoever types it is told.
 */
const withoutFio = {
  name: 'without-fio',
  setup: (made) =>
    made.onLoad({ filter: /src[\\/]shell[\\/]fio\.ts$/ }, () => ({
      loader: 'ts',
      resolveDir: join(ROOT, 'src/shell'),
      contents: `import { NotModelled } from '../kernel/not-modelled.ts';
        export function* fio() { throw new NotModelled('fio in this page', 'npx zonestack run'); }`,
    })),
};

const options = {
  absWorkingDir: ROOT,
  entryPoints: { page: 'web/src/main.ts', style: 'web/style/page.css' },
  outdir: OUT,
  bundle: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  metafile: true,
  write: false,
  plugins: [withoutFio],
  logLevel: 'warning',
};

function hashOf(text) {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Nothing is fetched, sent or evaluated; scripts and styles are those of the build alone. */
function policy(script, style) {
  return [
    "default-src 'none'",
    `script-src ${script}`,
    `style-src ${style}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function pageOf(parts) {
  let html = readFileSync(join(ROOT, 'web/index.html'), 'utf8');
  for (const [name, text] of Object.entries(parts)) html = html.replace(`%${name}%`, () => text);
  return html;
}

function pages(outputFiles) {
  const text = (end) => outputFiles.find(({ path }) => path.endsWith(end)).text;
  const script = text('page.js').replaceAll('</script', '<\\/script');
  const style = text('style.css');
  return {
    'page.js': script,
    'style.css': style,
    'index.html': pageOf({
      CSP: policy("'self'", "'self'"),
      STYLE: '<link rel="stylesheet" href="style.css">',
      SCRIPT: '<script src="page.js"></script>',
    }),
    'zonestack.html': pageOf({
      CSP: policy(hashOf(script), hashOf(style)),
      STYLE: `<style>${style}</style>`,
      SCRIPT: `<script>${script}</script>`,
    }),
  };
}

function write(files) {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(OUT, name), text);
}

/** What of the bundle comes from where, the heaviest first. */
function sharesOf({ outputs }) {
  const shares = new Map();
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const place = /node_modules\/(?:@[^/]+\/)?[^/]+|src\/[^/]+|web/.exec(file)?.[0] ?? file;
      const name = file.startsWith('web/') ? 'web' : place;
      shares.set(name, (shares.get(name) ?? 0) + bytesInOutput);
    }
  }
  return [...shares].sort((a, b) => b[1] - a[1]).slice(0, 8);
}

async function once() {
  const { outputFiles, metafile } = await build(options);
  const files = pages(outputFiles);
  write(files);
  for (const [name, text] of Object.entries(files)) {
    const packed = gzipSync(text, { level: 9 }).length;
    console.log(`${name.padEnd(16)} ${kib(Buffer.byteLength(text))} ${kib(packed)} gzipped`);
  }
  console.log(
    sharesOf(metafile)
      .map(([name, bytes]) => `${name} ${kib(bytes).trim()}`)
      .join(', '),
  );
  const whole = gzipSync(files['zonestack.html'], { level: 9 }).length;
  if (whole <= BUDGET_BYTES) return;
  console.error(
    `the page weighs ${kib(whole).trim()} gzipped; its budget is ${kib(BUDGET_BYTES).trim()}`,
  );
  process.exitCode = 1;
}

function kib(bytes) {
  return `${(bytes / 1024).toFixed(1)} KiB`.padStart(11);
}

async function serve() {
  const writer = {
    name: 'pages',
    setup: (made) => made.onEnd(({ outputFiles }) => outputFiles && write(pages(outputFiles))),
  };
  const watching = await context({
    ...options,
    minify: false,
    sourcemap: 'inline',
    plugins: [withoutFio, writer],
  });
  await watching.watch();
  const { port } = await watching.serve({ host: '127.0.0.1', servedir: OUT });
  console.log(`http://127.0.0.1:${port}/`);
}

await (process.argv[2] === 'serve' ? serve() : once());
