// The page. Without words: a folder to be served, whose first files are all that the first picture needs, and one HTML file
// with everything in it, which opens from a disk; prints what they weigh and fails over a budget. `serve`: the same for
// development, built anew with every change.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bundle } from './web-bundle.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'build/web');
const KIB = 1024;
/** Gzipped: what is there before the first picture, and the file that holds all. */
const BUDGETS = { start: 250 * KIB, single: 340 * KIB };
const SINGLE = 'zonestack.html';

/** Nothing is fetched but the page's own files, nothing sent or evaluated. */
function policy(script, style) {
  return [
    "default-src 'none'",
    // Ciphers run as WebAssembly: that word allows its compiler, and no eval.
    `script-src ${script} 'wasm-unsafe-eval'`,
    `style-src ${style}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function hashOf(text) {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function pageOf(parts) {
  let html = readFileSync(join(ROOT, 'web/index.html'), 'utf8');
  for (const [name, text] of Object.entries(parts)) html = html.replace(`%${name}%`, () => text);
  return html;
}

/** The files of the served page; those it starts with come first. */
async function served(how) {
  const made = await bundle(ROOT, OUT, { ...how, format: 'esm', splitting: true });
  const files = new Map(made.outputFiles.map(({ path, text }) => [basename(path), text]));
  const outputs = Object.entries(made.metafile.outputs);
  const start = new Set(['index.html', 'page.js', 'style.css']);
  const follow = (name) => {
    const [, output] = outputs.find(([path]) => basename(path) === name);
    for (const { path, kind } of output.imports) {
      if (kind !== 'import-statement' || start.has(basename(path))) continue;
      start.add(basename(path));
      follow(basename(path));
    }
  };
  follow('page.js');
  const chunks = [...start].filter((name) => name.endsWith('.js') && name !== 'page.js');
  const ahead = chunks.map((name) => `<link rel="modulepreload" href="${name}">`).join('');
  const parts = {
    CSP: policy("'self'", "'self'"),
    STYLE: `<link rel="stylesheet" href="style.css">${ahead}`,
    SCRIPT: '<script type="module" src="page.js"></script>',
  };
  files.set('index.html', pageOf(parts));
  return { files, start };
}

async function single(how) {
  const { outputFiles } = await bundle(ROOT, OUT, { ...how, format: 'iife' });
  const text = (name) => outputFiles.find(({ path }) => basename(path) === name).text;
  const script = text('page.js').replaceAll('</script', '<\\/script');
  const style = text('style.css');
  return pageOf({
    CSP: policy(hashOf(script), hashOf(style)),
    STYLE: `<style>${style}</style>`,
    SCRIPT: `<script>${script}</script>`,
  });
}

async function make(how) {
  const { files, start } = await served(how);
  files.set(SINGLE, await single(how));
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(OUT, name), text);
  return { files, start };
}

function packed(text) {
  return gzipSync(text, { level: 9 }).length;
}

function kib(bytes) {
  return `${(bytes / KIB).toFixed(1)} KiB`;
}

function weigh({ files, start }) {
  let first = 0;
  for (const [name, text] of files) {
    const bytes = packed(text);
    if (start.has(name)) first += bytes;
    const when = start.has(name) ? 'at the start' : name === SINGLE ? 'holds all' : 'later';
    console.log(
      `${name.padEnd(20)} ${kib(Buffer.byteLength(text)).padStart(11)} ${kib(bytes).padStart(11)} gzipped, ${when}`,
    );
  }
  const over = (what, bytes, budget) => {
    console.log(`${what}: ${kib(bytes)} gzipped of ${kib(budget)}`);
    if (bytes > budget) process.exitCode = 1;
  };
  over('what the page starts with', first, BUDGETS.start);
  over('the single file', packed(files.get(SINGLE)), BUDGETS.single);
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** Serves what was built last at 127.0.0.1. */
function serve(port) {
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url, 'http://127.0.0.1').pathname) || 'index.html';
    try {
      const body = readFileSync(join(OUT, name));
      response.writeHead(200, { 'content-type': `${TYPES[extname(name)]}; charset=utf-8` });
      response.end(body);
    } catch {
      response.writeHead(404);
      response.end();
    }
  });
  server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
}

async function develop() {
  const how = { minify: false, sourcemap: 'inline' };
  await make(how);
  serve(8017);
  let waiting = null;
  const again = () =>
    make(how).then(
      () => console.log('built'),
      ({ message }) => console.error(message),
    );
  for (const folder of ['web', 'src', 'lessons']) {
    watch(join(ROOT, folder), { recursive: true }, () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => void again(), 200);
    });
  }
}

if (process.argv[2] === 'serve') await develop();
else weigh(await make({ minify: true }));
