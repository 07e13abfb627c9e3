/** `zonestack kernels`: the kernels there are; with two names, what is different between them. */

import { kernelDifferences } from '../kernel/diff.ts';
import {
  arrivals,
  buildPatches,
  builds,
  kernelByName,
  patches,
  releases,
} from '../kernel/releases.ts';
import { wrap } from '../report/columns.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { formatOf, parsed } from './options.ts';

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parsed(args, { format: { type: 'string' } });
  const format = formatOf(values.format);
  const [a, b, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError('"kernels" expected no name, one or two');
  if (a === undefined) list(context, format);
  else if (b === undefined) one(context, format, a);
  else difference(context, format, a, b);
  return EXIT.met;
}

function list(context: CliContext, format: 'text' | 'json'): void {
  const rows = [
    ...releases.map((release) => ({
      id: release.id,
      base: null,
      uname: release.uname,
      what: release.what,
      patches: arrivals(release.id).map((patch) => patch.id),
    })),
    ...builds.map((build) => ({
      id: build.id,
      base: build.base,
      uname: build.uname,
      what: `a recorded build: ${build.base} and its distribution's backports`,
      patches: [...buildPatches(build.id)],
    })),
  ];
  if (format === 'json') {
    context.out(`${JSON.stringify({ format_version: 1, kernels: rows }, null, 2)}\n`);
    return;
  }
  for (const row of rows) {
    const count = row.patches.length === 1 ? '1 patch' : `${row.patches.length} patches`;
    context.out(`${context.style('bold', row.id.padEnd(9))} ${row.what}\n`);
    context.out(`          uname -r ${row.uname}; ${count} more than before\n`);
  }
  context.out('\nA kernel takes patches: v5.12+series, v5.12+series[1-2], v5.12+iv-per-zone.\n');
  context.out(
    '`zonestack kernels A B` prints the difference of two, `zonestack patches`\nwhat each patch edits.\n',
  );
}

function one(context: CliContext, format: 'text' | 'json', name: string): void {
  const kernel = kernelByName(name);
  if (format === 'json') {
    context.out(`${JSON.stringify({ format_version: 1, kernel }, null, 2)}\n`);
    return;
  }
  context.out(`${context.style('bold', kernel.name)}  (uname -r ${kernel.release})\n`);
  for (const id of kernel.patches) {
    const patch = patches.get(id)!;
    context.out(`  ${(patch.commit ?? '').padEnd(13)}${id}\n`);
    context.out(wrap(patch.subject, 15));
  }
}

function difference(context: CliContext, format: 'text' | 'json', a: string, b: string): void {
  const found = kernelDifferences(kernelByName(a), kernelByName(b));
  if (format === 'json') {
    context.out(`${JSON.stringify({ format_version: 1, a, b, ...found }, null, 2)}\n`);
    return;
  }
  for (const id of found.patchesOnlyInA) context.out(`${context.style('red', `- patch ${id}`)}\n`);
  for (const id of found.patchesOnlyInB)
    context.out(`${context.style('green', `+ patch ${id}`)}\n`);
  for (const answer of found.answers) {
    context.out(`\n${context.style('bold', answer.path)}\n`);
    for (const text of answer.removed) context.out(changed(context, 'red', `- ${text}`));
    for (const text of answer.added) context.out(changed(context, 'green', `+ ${text}`));
  }
  const count = found.answers.length;
  const patchCount = found.patchesOnlyInA.length + found.patchesOnlyInB.length;
  const verdict =
    count === 0 ? 'no answer differs' : `${count} answer${count === 1 ? '' : 's'} different`;
  context.out(count + patchCount === 0 ? 'no difference\n' : `\n${verdict}\n`);
}

function changed(context: CliContext, style: 'red' | 'green', text: string): string {
  return `${context.style(style, wrap(text, 2, 4).trimEnd())}\n`;
}
