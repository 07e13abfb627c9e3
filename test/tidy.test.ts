/** The rules of the house (docs/ARCHITECTURE.md), held by a test: a file that breaks one is named, with what to do. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const MAX_FILE_LINES = 500;
const MAX_MEDIAN_LINES = 150;

/** Floors from the ground up; each may import itself and those below. */
const FLOORS: readonly (readonly string[])[] = [
  ['kernel', 'sim'],
  ['block'],
  ['dm'],
  ['fs'],
  ['shell'],
  ['machine'],
  ['scenario'],
  ['report'],
  ['compare'],
  ['lessons'],
  ['index'],
  ['node'],
  ['cli'],
];

/** What the pure core must not call, and what to use instead. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [
    /\bMath\.(?:random|log|log2|log10|exp|pow|sin|cos)\b/,
    'engines differ: use units.ts or sim/random.ts',
  ],
  [/\bnew Date\b|\bDate\.now\b/, 'no clock: use host.loop.nowNs'],
  [/\bconsole\./, 'no console: return text, or host.printk'],
  [/\btoLocale\w+|\blocaleCompare\b|\bIntl\./, 'no locale: compare with < and >'],
  [/\bsetTimeout\b|\bsetInterval\b|\bqueueMicrotask\b/, 'no timers: use host.loop.post'],
  [
    /\basync (?:function|\(|\w+ =>)|\bawait \w|\bPromise[.<(]/,
    'nothing is async below the CLI: write a Task',
  ],
  [/from 'node:/, 'no node: import: inject it from src/node/'],
  [
    // A line of the kernel log begins with the first of them.
    /\bBuffer\b(?! I\/O error)|\bTextEncoder\b|\bTextDecoder\b/,
    'no platform globals: use Uint8Array and utf8ToBytes',
  ],
];

/** Words that belong to nobody's repository. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\b(?:FIXME|XXX)\b|\bTODO\b/, 'finish it or write it into docs/not-modelled.md'],
  [/\/(?:work|home|root\/\w+\/src)\//, 'no machine paths'],
  [/registry\.npmjs|npmmirror|artifactory/i, 'no registry hosts'],
  [/\b(?:AI|LLM|chatbot|assistant session)\b/, 'speak of the project, not of who wrote it'],
];

function tracked(pattern: RegExp): string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => pattern.test(file));
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Source without comments, so that rules look at code. */
function code(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (all) => all.replace(/[^\n]/g, ''))
    .replace(/^\s*\/\/.*$/gm, '');
}

const sources = tracked(/^src\/.*\.ts$/);
const beside = tracked(/^(?:web|bench|conformance|scripts)\/.*\.(?:ts|mjs)$/);
const core = sources.filter((file) => !/^src\/(?:node|cli)\//.test(file));

function floorOf(file: string): number {
  const name = /^src\/([a-z-]+)/.exec(file)?.[1] ?? '';
  const key = name.startsWith('machine') ? 'machine' : name;
  return FLOORS.findIndex((floor) => floor.includes(key));
}

function imports(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import) ?\(?'(\.{1,2}\/[^']+)'/g)].map((match) =>
    normalize(join(dirname(file), match[1]!)),
  );
}

describe('the house', () => {
  it('imports go down: no floor knows the floors above it', () => {
    const wrong: string[] = [];
    for (const file of sources) {
      for (const target of imports(file)) {
        if (floorOf(target) > floorOf(file)) wrong.push(`${file} imports ${target}`);
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  it('every source file stands on a floor', () => {
    expect(sources.filter((file) => floorOf(file) < 0)).to.deep.equal([]);
  });

  it('device mapper and file systems do not know one file system of another', () => {
    const wrong = sources.filter(
      (file) =>
        (file.startsWith('src/fs/zonefs/') &&
          imports(file).some((one) => one.includes('fs/btrfs/'))) ||
        (file.startsWith('src/fs/btrfs/') &&
          imports(file).some((one) => one.includes('fs/zonefs/'))),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('the core is pure', () => {
    const wrong: string[] = [];
    for (const file of core) {
      const text = code(read(file));
      for (const [pattern, instead] of BANNED) {
        if (pattern.test(text)) wrong.push(`${file}: ${pattern.exec(text)![0]} (${instead})`);
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  it('shared code asks the kernel record and never compares versions', () => {
    const wrong = core.filter(
      (file) =>
        !file.startsWith('src/kernel/') &&
        /kernel\.(?:base|release|name) *(?:===|!==|<|>)|kernel\.(?:base|release|name)\.(?:starts|includes|match)|\/\^?v[5-7]\\\./.test(
          code(read(file)),
        ),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('files can be read in one sitting', () => {
    const lengths = [...sources, ...beside].map((file) => ({
      file,
      lines: read(file).split('\n').length - 1,
    }));
    const long = lengths.filter((one) => one.lines > MAX_FILE_LINES);
    expect(long).to.deep.equal([]);
    const sorted = lengths.map((one) => one.lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).to.be.below(MAX_MEDIAN_LINES);
  });

  it('a file opens with what it is', () => {
    const silent = [...sources, ...beside].filter(
      (file) => !/^(?:#!.*\n)?(?:\/\*\*|\/\/ [A-Z])/.test(read(file)),
    );
    expect(silent).to.deep.equal([]);
  });

  it('nothing speaks of machines, registries or unfinished work', () => {
    const wrong: string[] = [];
    const files = tracked(/\.(?:ts|mjs|js|md|yaml|json)$|^\.ci\/run$/).filter(
      (file) => !/^(?:package-lock\.json|conformance\/recorded\/|test\/tidy\.test\.ts)/.test(file),
    );
    for (const file of files) {
      const text = read(file);
      for (const [pattern, instead] of FORBIDDEN) {
        if (pattern.test(text)) wrong.push(`${file}: ${pattern.exec(text)![0]} (${instead})`);
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  it('a document has one title', () => {
    const wrong = tracked(/\.md$/).filter((file) => {
      const text = read(file).replace(/```[\s\S]*?```/g, '');
      return (text.match(/^# /gm) ?? []).length !== 1;
    });
    expect(wrong).to.deep.equal([]);
  });

  it('the lock file names no download address', () => {
    expect(read('package-lock.json')).not.to.match(/"resolved"/);
  });

  it('every runtime dependency has its reason in docs/decisions', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: object };
    const reasons = tracked(/^docs\/decisions\/.*\.md$/)
      .map(read)
      .join('\n');
    const missing = Object.keys(dependencies).filter((name) => !reasons.includes(`\`${name}\``));
    expect(missing).to.deep.equal([]);
  });
});
