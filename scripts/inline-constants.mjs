// Puts the numbers of the kernel's vocabulary (Op.write, Flag.fua, Status.ok, SECTOR_BYTES) where compiled modules name
// them. An engine looks an imported binding up each time it is named, and a write names a hundred of them: this makes it
// a fifth faster. A `const enum` would do the same, but TypeScript that is only erased has none.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** An exported constant, by how its declaration looks: an object of read-only numbers, or a number in capitals. */
const OBJECT =
  /^export declare const (\w+): \{\n((?:\s*(?:\/\*\*[\s\S]*?\*\/\s*)?readonly \w+: [-\w]+;\n)+)\};/gm;
const NUMBER = /^export declare const ([A-Z][A-Z0-9_]*)(?:: number| = [-\w]+);/gm;
const NAME = /(?<![\w.$'"`])([A-Z]\w*)(?:\.(\w+)|(?![\w$:'"`]))/g;
const IMPORT = /^import \{([^}]*)\} from '(\.[^']*)';$/gm;

/** Constants of the module compiled to `file`: what stands for them in text, and its number. */
async function constantsOf(file) {
  const declarations = readFileSync(file.replace(/\.js$/, '.d.ts'), 'utf8');
  const objects = [...declarations.matchAll(OBJECT)].map(([, name]) => name);
  const numbers = [...declarations.matchAll(NUMBER)].map(([, name]) => name);
  if (objects.length + numbers.length === 0) return new Map();
  const module = await import(pathToFileURL(file).href);
  const found = new Map();
  for (const name of [...objects, ...numbers]) {
    const value = module[name];
    const entries = typeof value === 'number' ? [['', value]] : Object.entries(value);
    if (entries.every(([, each]) => Number.isSafeInteger(each))) found.set(name, new Map(entries));
  }
  return found;
}

/** Inlines the constants of all modules below `folder`. */
export async function inlineConstants(folder) {
  const files = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js') && !name.startsWith('cli'))
    .map((name) => join(folder, name));
  const constants = new Map();
  for (const file of files) constants.set(resolve(file), await constantsOf(file));
  for (const file of files) {
    const before = readFileSync(file, 'utf8');
    const visible = new Map(constants.get(resolve(file)));
    for (const [, names, from] of before.matchAll(IMPORT)) {
      const known = constants.get(resolve(dirname(file), from));
      for (const name of names.split(',').map((each) => each.trim())) {
        if (known?.has(name)) visible.set(name, known.get(name));
      }
    }
    const text = before
      .split('\n')
      .map((line) => (/^(?:import|export const) /.test(line) ? line : inlined(line, visible)))
      .join('\n');
    if (text !== before) writeFileSync(file, text);
  }
}

/** The line with numbers in place of names. What is a property or a key, or may be text, stays. */
function inlined(line, visible) {
  return line.replace(NAME, (whole, name, property = '') => {
    const value = visible.get(name)?.get(property);
    if (value === undefined) return whole;
    return value < 0 ? `(${value})` : String(value);
  });
}
