/** `zonestack compare`: the same writers over kernels, ciphers and disks, in simulated time. */

import { runComparison } from '../compare/compare.ts';
import { compareCsv, compareJson } from '../compare/data.ts';
import { comparePage } from '../compare/html.ts';
import { loadComparison } from '../compare/load.ts';
import type { Comparison } from '../compare/point.ts';
import type { ComparisonResult } from '../compare/result.ts';
import { compareSvg } from '../compare/svg.ts';
import { compareText } from '../compare/text.ts';
import { trust, validationText } from '../compare/validation.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { checkWritable, readText, saveFile } from './files.ts';
import { parsed } from './options.ts';

const FORMATS = ['text', 'json', 'csv'] as const;
type Format = (typeof FORMATS)[number];

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parsed(args, {
    format: { type: 'string' },
    out: { type: 'string', multiple: true },
    details: { type: 'boolean' },
    validate: { type: 'boolean' },
  });
  const format = formatOf(values.format);
  const outs = values.out ?? [];
  const validates = values.validate === true;
  if (positionals.length === 0 && !validates) {
    throw new UsageError('"compare" expected at least one comparison file, or --validate');
  }
  if (outs.length > 0 && positionals.length !== 1) {
    throw new UsageError('"--out" expected one comparison file');
  }
  const writers = outs.map(writerOf);
  for (const file of outs) checkWritable('out', file);
  // All files are read and checked before any is run: bad input is said at once.
  const all = positionals.map((file) => loadComparison(file, readText(file)));
  const results = all.map((one) => compared(one, context));
  if (format === 'json') {
    const comparisons = results.map(compareJson);
    const validation = validates ? { validation: trust() } : {};
    const document = { format_version: 1, comparisons, ...validation };
    context.out(`${JSON.stringify(document, null, 2)}\n`);
  } else if (format === 'csv') for (const one of results) context.out(compareCsv(one));
  else {
    const texts = results.map((one) => compareText(one, context.style, values.details === true));
    if (validates) texts.push(validationText(trust()));
    context.out(texts.join('\n'));
  }
  outs.forEach((file, at) => {
    saveFile('out', file, writers[at]!(results[0]!));
  });
  return EXIT.met;
}

/** Runs a comparison with a counting line, where somebody sees it. */
function compared(comparison: Comparison, context: CliContext): ComparisonResult {
  const seen = process.stderr.isTTY;
  const result = runComparison(comparison, (done, of) => {
    if (seen) context.note(done === of ? '\r\u001b[K' : `\rcell ${done + 1} of ${of}`);
  });
  return result;
}

function formatOf(value: string | undefined): Format {
  const format = FORMATS.find((one) => one === (value ?? 'text'));
  if (format !== undefined) return format;
  throw new UsageError(`"--format" expected text, json or csv, got "${value}"`);
}

function writerOf(file: string): (result: ComparisonResult) => string {
  if (/\.html?$/i.test(file)) return comparePage;
  if (/\.svg$/i.test(file)) return compareSvg;
  throw new UsageError(`"--out" expected a name that ends in .html or .svg, got "${file}"`);
}
