/** `zonestack image superblock FILE`: the newest superblock of a zoned btrfs image, and where the others stand. */

import { ReportError, readImageSuperblock } from '../fs/btrfs/image.ts';
import { imageJson, imageText } from '../report/image.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { readAtMost } from './files.ts';
import { openImage } from './image-file.ts';
import { formatOf, parsed } from './options.ts';

/** A report of a million zones. */
const MAX_REPORT_BYTES = 128 * 1024 * 1024;

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parsed(args, {
    zones: { type: 'string' },
    format: { type: 'string' },
  });
  const [what, file, ...rest] = positionals;
  if (what !== 'superblock' || file === undefined || rest.length > 0) {
    throw new UsageError('"image" expected: superblock FILE');
  }
  const format = formatOf(values.format);
  const report = values.zones === undefined ? null : readReport(values.zones);
  const image = await openImage(file);
  try {
    const found = readImageSuperblock(image.readAt, report);
    if (found.slots.length === 0) {
      const place = report === null ? 'where a log may stand' : 'where the report says its log is';
      throw new UsageError(`${file}: no btrfs superblock ${place}`);
    }
    if (format === 'json') context.out(`${JSON.stringify(imageJson(file, found), null, 2)}\n`);
    else context.out(imageText(found, context.style));
    const bytes = found.newest?.superblock.totalBytes ?? 0;
    if (bytes > image.sizeBytes) {
      context.note(
        `note: the file system has ${bytes} bytes, the image ${image.sizeBytes}: cut off?\n`,
      );
    }
    return EXIT.met;
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    throw new UsageError(`${values.zones}:${error.line}: ${error.message}`);
  } finally {
    image.close();
  }
}

function readReport(file: string): string {
  try {
    return new TextDecoder().decode(readAtMost(file, MAX_REPORT_BYTES));
  } catch (error) {
    throw new UsageError(`${file}: cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
