/** `zonestack patches`: the series, its variants and what-ifs, and with --all what mainline and the builds changed. */

import type { Edit, Patch } from '../kernel/edit.ts';
import { patches } from '../kernel/releases.ts';
import { closest } from '../kernel/suggest.ts';
import { wrap } from '../report/columns.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { formatOf, parsed } from './options.ts';

const HEADINGS: Readonly<Record<Patch['kind'], string>> = {
  series: 'The series (v1, 16 April 2021)',
  variant: 'Its second version',
  'what-if': 'Roads not taken',
  mainline: 'What mainline did',
  backport: 'What recorded builds have beyond their release',
};

const SERIES = 'series';

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parsed(args, {
    format: { type: 'string' },
    all: { type: 'boolean' },
  });
  const chosen = positionals.length > 0 ? positionals.flatMap(named) : [...patches.values()];
  if (formatOf(values.format) === 'json') {
    context.out(`${JSON.stringify({ format_version: 1, patches: chosen }, null, 2)}\n`);
    return EXIT.met;
  }
  if (positionals.length > 0) {
    for (const patch of chosen) context.out(describe(patch, context));
    return EXIT.met;
  }
  for (const [kind, heading] of Object.entries(HEADINGS)) {
    const some = chosen.filter((patch) => patch.kind === kind);
    if (some.length === 0) continue;
    context.out(`${context.style('bold', heading)}\n`);
    for (const [index, patch] of some.entries()) context.out(brief(patch, index, context));
    context.out('\n');
  }
  context.out('`zonestack patches ID` shows files, message and every edit of one.\n');
  return EXIT.met;
}

/** One patch by its id, or those of the series by the name that kernels take. */
function named(id: string): Patch[] {
  const patch = patches.get(id);
  if (patch !== undefined) return [patch];
  const all = [...patches.values()];
  if (id === SERIES) return all.filter(({ kind }) => kind === 'series');
  const near = closest(id, [...patches.keys(), SERIES]);
  throw new UsageError(
    `there is no patch "${id}"${near === null ? '' : `; did you mean "${near}"?`}`,
  );
}

function brief(patch: Patch, index: number, context: CliContext): string {
  const place = patch.kind === 'series' ? `${index + 1} ` : '  ';
  const origin = [
    patch.commit === undefined ? null : `commit ${patch.commit}`,
    patch.messageId ?? null,
    patch.since === undefined ? null : `since ${patch.since}`,
  ].filter((one) => one !== null);
  return [
    `${place}${context.style('cyan', patch.id)}\n`,
    wrap(patch.subject, 4),
    origin.length === 0 ? '' : wrap(origin.join(', '), 4),
    ...patch.edits.map((edit) => wrap(editText(edit), 6)),
  ].join('');
}

function describe(patch: Patch, context: CliContext): string {
  const rows: [string, string | undefined][] = [
    ['subject', patch.subject],
    ['author', patch.author],
    ['commit', patch.commit],
    ['message-id', patch.messageId],
    ['files', patch.files.join(' ')],
    ['needs', patch.requires.join(' ') || undefined],
    ['merged', patch.merged],
    ['since', patch.since],
    ['applies', range(patch)],
  ];
  const head = rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => wrap(`${name.padEnd(10)} ${value}`, 2, 13))
    .join('');
  const note = patch.note === undefined ? '' : `\n${wrap(patch.note, 2)}`;
  const edits = patch.edits.map((edit) => wrap(editText(edit), 4)).join('');
  return `${context.style('bold', patch.id)}\n${head}${note}\n  edits\n${edits}`;
}

function range(patch: Patch): string | undefined {
  if (patch.appliesTo === undefined) return undefined;
  const { from, before } = patch.appliesTo;
  return before === undefined ? `from ${from}` : `from ${from}, before ${before}`;
}

function editText(edit: Edit): string {
  if ('to' in edit)
    return `  ${edit.path}: ${JSON.stringify(edit.from)} -> ${JSON.stringify(edit.to)}`;
  if ('remove' in edit) return `${edit.path}: without ${edit.remove}`;
  const place =
    edit.after !== undefined
      ? ` after ${edit.after}`
      : edit.before !== undefined
        ? ` before ${edit.before}`
        : '';
  return `${edit.path}: with ${edit.insert}${place}`;
}
