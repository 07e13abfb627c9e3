/**
 * dd of coreutils 9.1 (src/dd.c): dd_copy(), iread(), iwrite(), skip(), print_stats(). It loops over short writes, takes a write of
 * nothing for a full device (ENOSPC), turns O_DIRECT off for a last short block, and truncates what it opens unless told
 * otherwise. Data moves as payloads; no byte is computed here.
 */

import { utf8ToBytes } from '@noble/hashes/utils.js';
import { BytesPayload, concat, EMPTY, FillPayload, type Payload } from '../block/payload.ts';
import { O, S } from '../fs/inode.ts';
import { errno } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { type DdOperands, parseDdOperands } from './dd-operands.ts';
import { gnuSize } from './human.ts';
import { diagnose, NEW_FILE_MODE, tryHelp } from './messages.ts';
import { writeOut } from './output.ts';
import type { Process } from './program.ts';
import { quoted, quotedIfNeeded } from './text.ts';

/** The most blocks one dd may read: without a count, `/dev/zero` into `/dev/null` would never end. */
const BLOCK_LIMIT = 2 ** 19;

const STANDARD = -1;

export function* dd(process: Process): Task<number> {
  const words = process.argv.slice(1);
  if (words[0] === '--') words.shift();
  const parsed = parseDdOperands(words);
  if (!parsed.ok) {
    diagnose(process, parsed.message);
    return parsed.tryHelp ? tryHelp(process) : 1;
  }
  const copy = new Copy(process, parsed.operands);
  const refused = yield* copy.open();
  if (refused !== 0) return refused;
  yield* copy.run();
  yield* copy.finish();
  return copy.exit;
}

/** A failure that ends dd at once, statistics printed (quit() of dd.c). */
class Quit extends Error {}

class Copy {
  exit = 0;
  private readonly process: Process;
  private readonly operands: DdOperands;
  private readonly inputName: string;
  private readonly outputName: string;
  private inputFd = STANDARD;
  private outputFd = STANDARD;
  private standardInput: Payload = EMPTY;
  private readFull = 0;
  private readPartial = 0;
  private wroteFull = 0;
  private wrotePartial = 0;
  private wroteBytes = 0;
  private previousRead = 0;
  private partialRead = 0;
  private warnPartialRead: boolean;
  private syncAfter: boolean;
  private waiting: Payload = EMPTY;
  private silent = false;

  constructor(process: Process, operands: DdOperands) {
    this.process = process;
    this.operands = operands;
    this.inputName = operands.input ?? 'standard input';
    this.outputName = operands.output ?? 'standard output';
    this.syncAfter = operands.conversions.has('fsync');
    const counts = operands.maxRecords > 0 && operands.maxRecords !== Number.POSITIVE_INFINITY;
    const direct = ((operands.inputFlags | operands.outputFlags) & O.DIRECT) !== 0;
    this.warnPartialRead =
      !operands.twoBuffers && !operands.fullBlock && (operands.skipRecords > 0 || counts || direct);
  }

  /** Opens both files. 0, or the exit code when dd gives up. */
  *open(): Task<number> {
    const { process, operands } = this;
    const { sys } = process.system;
    if (operands.conversions.has('excl') && operands.conversions.has('nocreat')) {
      diagnose(process, 'cannot combine excl and nocreat');
      return 1;
    }
    if (operands.input === null) {
      this.standardInput = new BytesPayload(utf8ToBytes(process.stdin));
    } else {
      this.inputFd = yield* sys.open(process, operands.input, O.RDONLY | operands.inputFlags);
      if (this.inputFd < 0) return this.failedToOpen(operands.input, this.inputFd);
    }
    if (operands.output === null) {
      if (operands.seekRecords > 0 || operands.seekBytes > 0) {
        throw new NotModelled('dd seek= on standard output', 'name the file with of=');
      }
      return 0;
    }
    return yield* this.openOutput(operands.output);
  }

  private *openOutput(path: string): Task<number> {
    const { process, operands } = this;
    const { sys } = process.system;
    const has = (name: string) => operands.conversions.has(name);
    const keep = operands.seekRecords > 0 || has('notrunc');
    const flags =
      operands.outputFlags |
      (has('nocreat') ? 0 : O.CREAT) |
      (has('excl') ? O.EXCL : 0) |
      (keep ? 0 : O.TRUNC);
    // Read access only where a seek might have to be done by reading; a file that refuses it is opened without.
    if (operands.seekRecords > 0) {
      this.outputFd = yield* sys.open(process, path, O.RDWR | flags, NEW_FILE_MODE);
    }
    if (this.outputFd < 0) {
      this.outputFd = yield* sys.open(process, path, O.WRONLY | flags, NEW_FILE_MODE);
    }
    if (this.outputFd < 0) return this.failedToOpen(path, this.outputFd);
    if (operands.seekRecords > 0 && !has('notrunc')) yield* this.truncateToSeek();
    return 0;
  }

  /** Complains only about files that POSIX says can be truncated. The copy's own exit code then overwrites this one. */
  private *truncateToSeek(): Task<void> {
    const { sys } = this.process.system;
    const { seekRecords, seekBytes, outputBlock } = this.operands;
    const size = seekRecords * outputBlock + seekBytes;
    const result = yield* sys.ftruncate(this.process, this.outputFd, size);
    if (result >= 0) return;
    const stat = yield* sys.fstat(this.process, this.outputFd);
    if (typeof stat === 'number') {
      diagnose(this.process, `cannot fstat ${quoted(this.outputName)}`, stat);
    } else if ((stat.mode & S.IFMT) === S.IFREG || (stat.mode & S.IFMT) === S.IFDIR) {
      const text = `failed to truncate to ${size} bytes in output file`;
      diagnose(this.process, `${text} ${quoted(this.outputName)}`, result);
    }
  }

  *run(): Task<void> {
    try {
      yield* this.copy();
      yield* this.synchronize();
    } catch (error) {
      if (!(error instanceof Quit)) throw error;
      this.exit = 1;
      // cleanup() of 9.1: what was written is still synchronised; when that fails, no statistics.
      this.silent = (yield* this.synchronize()) < 0;
    }
  }

  *finish(): Task<void> {
    const { sys } = this.process.system;
    const files = [
      [this.inputFd, 'input', this.inputName],
      [this.outputFd, 'output', this.outputName],
    ] as const;
    for (const [fd, kind, name] of files) {
      if (fd === STANDARD) continue;
      const closed = yield* sys.close(this.process, fd);
      if (closed < 0) {
        this.fail(`closing ${kind} file ${quoted(name)}`, closed);
        break;
      }
    }
    if (!this.silent) this.printStatistics();
  }

  private *copy(): Task<void> {
    const { operands } = this;
    yield* this.skipInput();
    yield* this.seekOutput();
    if (operands.maxRecords === 0 && operands.maxBytes === 0) return;
    const records = operands.maxRecords + (operands.maxBytes > 0 ? 1 : 0);
    while (this.readFull + this.readPartial < records) {
      if (this.readFull + this.readPartial >= BLOCK_LIMIT) {
        throw new NotModelled(
          `a dd of more than ${BLOCK_LIMIT} blocks`,
          'give count= or a larger bs=',
        );
      }
      const block = yield* this.nextBlock();
      if (block === 'end') break;
      if (block === 'skip') continue;
      if (!(yield* this.take(block))) return;
    }
    if (this.waiting.lengthBytes === 0) return;
    const last = this.waiting;
    const written = yield* this.writeBlock(last);
    if (written.bytes !== 0) this.wrotePartial += 1;
    if (written.bytes !== last.lengthBytes) this.failedWrite(written.error);
  }

  /** Reads one input block and counts it; pads it with conv=sync. */
  private *nextBlock(): Task<Payload | 'end' | 'skip'> {
    const { operands } = this;
    const done = this.readFull + this.readPartial;
    const size = done >= operands.maxRecords ? operands.maxBytes : operands.inputBlock;
    let got = yield* operands.fullBlock ? this.readWhole(size) : this.read(size);
    if (typeof got === 'number') {
      const noError = operands.conversions.has('noerror');
      if (!noError || operands.status !== 'none') {
        diagnose(this.process, `error reading ${quoted(this.inputName)}`, got);
      }
      if (!noError) {
        // What was read before is still written out.
        this.exit = 1;
        return 'end';
      }
      this.printStatistics();
      yield* this.passBadBlock(operands.inputBlock - this.partialRead);
      if (!operands.conversions.has('sync') || this.partialRead > 0) return 'skip';
      got = EMPTY;
    } else if (got.lengthBytes === 0) return 'end';
    if (got.lengthBytes === operands.inputBlock) {
      this.readFull += 1;
      this.partialRead = 0;
      return got;
    }
    this.readPartial += 1;
    this.partialRead = got.lengthBytes;
    if (!operands.conversions.has('sync')) return got;
    return concat([got, new FillPayload(0, operands.inputBlock - got.lengthBytes)]);
  }

  private *passBadBlock(bytes: number): Task<void> {
    const { sys } = this.process.system;
    if (this.inputFd === STANDARD) return;
    const result = yield* sys.lseek(this.process, this.inputFd, bytes, 'cur');
    if (result >= 0) return;
    this.fail(`${quotedIfNeeded(this.inputName)}: cannot seek`, result);
    throw new NotModelled('dd conv=noerror past the end of its input', 'give count=');
  }

  /** Hands a block on: written as it is, or collected into output blocks. False when writing failed. */
  private *take(block: Payload): Task<boolean> {
    const { operands } = this;
    if (!operands.twoBuffers) {
      const written = yield* this.writeBlock(block);
      if (written.bytes !== block.lengthBytes) return this.failedWrite(written.error);
      if (block.lengthBytes === operands.inputBlock) this.wroteFull += 1;
      else this.wrotePartial += 1;
      return true;
    }
    this.waiting = concat([this.waiting, block]);
    while (this.waiting.lengthBytes >= operands.outputBlock) {
      const out = this.waiting.slice(0, operands.outputBlock);
      const rest = this.waiting.lengthBytes - operands.outputBlock;
      this.waiting = this.waiting.slice(operands.outputBlock, rest);
      const written = yield* this.writeBlock(out);
      if (written.bytes === out.lengthBytes) {
        this.wroteFull += 1;
        continue;
      }
      if (written.bytes !== 0) this.wrotePartial += 1;
      diagnose(this.process, `writing to ${quoted(this.outputName)}`, written.error);
      throw new Quit();
    }
    return true;
  }

  /** iread(): a last read with O_DIRECT from an unaligned place fails with EINVAL, which only means the end. */
  private *read(size: number): Task<Payload | number> {
    const { process } = this;
    let got: Payload | number;
    if (this.inputFd === STANDARD) {
      const length = Math.min(size, this.standardInput.lengthBytes);
      got = this.standardInput.slice(0, length);
      this.standardInput = this.standardInput.slice(
        length,
        this.standardInput.lengthBytes - length,
      );
    } else {
      got = yield* process.system.sys.read(process, this.inputFd, size);
    }
    const previous = this.previousRead;
    const wasShort = previous > 0 && previous < size;
    if (got === -errno.EINVAL && wasShort && (this.operands.inputFlags & O.DIRECT) !== 0) {
      got = EMPTY;
    }
    const count = typeof got === 'number' ? got : got.lengthBytes;
    if (count > 0 && this.warnPartialRead && wasShort) {
      if (this.operands.status !== 'none') {
        const unit = previous === 1 ? 'byte' : 'bytes';
        const text = `warning: partial read (${previous} ${unit}); suggest iflag=fullblock`;
        diagnose(process, text);
      }
      this.warnPartialRead = false;
    }
    this.previousRead = count;
    return got;
  }

  /** iread_fullblock(): reads until `size` bytes, the end, or an error. */
  private *readWhole(size: number): Task<Payload | number> {
    const parts: Payload[] = [];
    let left = size;
    while (left > 0) {
      const got = yield* this.read(left);
      if (typeof got === 'number') return got;
      if (got.lengthBytes === 0) break;
      parts.push(got);
      left -= got.lengthBytes;
    }
    return concat(parts);
  }

  /** iwrite(): all of `data`, in as many calls as the kernel makes it. */
  private *writeBlock(data: Payload): Task<{ bytes: number; error: number }> {
    const { process, operands } = this;
    if (this.outputFd === STANDARD) {
      const result = yield* writeOut(process, data);
      if (result < 0) return { bytes: 0, error: result };
      this.wroteBytes += data.lengthBytes;
      return { bytes: data.lengthBytes, error: 0 };
    }
    if ((operands.outputFlags & O.DIRECT) !== 0 && data.lengthBytes < operands.outputBlock) {
      // fcntl(F_SETFL) without O_DIRECT; the data then owes an fsync.
      const file = process.files.get(this.outputFd)!;
      file.flags &= ~O.DIRECT;
      this.syncAfter = true;
    }
    let done = 0;
    let error = 0;
    while (done < data.lengthBytes) {
      const rest = data.slice(done, data.lengthBytes - done);
      const written = yield* process.system.sys.write(process, this.outputFd, rest);
      if (written <= 0) {
        error = written === 0 ? -errno.ENOSPC : written;
        break;
      }
      done += written;
    }
    this.wroteBytes += done;
    return { bytes: done, error };
  }

  /** skip() on the input: past the end it only warns, unless the file refuses the place. */
  private *skipInput(): Task<void> {
    const { operands, process } = this;
    const offset = operands.skipRecords * operands.inputBlock + operands.skipBytes;
    if (offset === 0) return;
    if (this.inputFd === STANDARD) {
      const length = Math.min(offset, this.standardInput.lengthBytes);
      const rest = this.standardInput.lengthBytes - length;
      this.standardInput = this.standardInput.slice(length, rest);
      if (length < offset) this.warnSkip();
      return;
    }
    const { sys } = process.system;
    const result = yield* sys.lseek(process, this.inputFd, offset, 'cur');
    if (result < 0) {
      diagnose(process, `${quotedIfNeeded(this.inputName)}: cannot skip`, result);
      throw new Quit();
    }
    const stat = yield* sys.fstat(process, this.inputFd);
    if (typeof stat === 'number') return;
    const regular = (stat.mode & S.IFMT) === S.IFREG;
    if (regular && stat.size > 0 && stat.size < offset) this.warnSkip();
  }

  private warnSkip(): void {
    if (this.operands.status === 'none') return;
    const name = quotedIfNeeded(this.inputName);
    diagnose(this.process, `${name}: cannot skip to specified offset`);
  }

  private *seekOutput(): Task<void> {
    const { operands, process } = this;
    const offset = operands.seekRecords * operands.outputBlock + operands.seekBytes;
    if (offset === 0) return;
    const result = yield* process.system.sys.lseek(process, this.outputFd, offset, 'cur');
    if (result >= 0) return;
    diagnose(process, `${quotedIfNeeded(this.outputName)}: cannot seek`, result);
    throw new Quit();
  }

  /** conv=fdatasync, conv=fsync: since 9.1 also after a failed write. */
  private *synchronize(): Task<number> {
    const { operands, process } = this;
    const { sys } = process.system;
    if (this.outputFd === STANDARD) return 0;
    let full = this.syncAfter;
    if (operands.conversions.has('fdatasync')) {
      const result = yield* sys.fsync(process, this.outputFd, true);
      if (result < 0) {
        if (result !== -errno.ENOSYS && result !== -errno.EINVAL) {
          this.fail(`fdatasync failed for ${quoted(this.outputName)}`, result);
        }
        full = true;
      }
    }
    if (!full) return 0;
    const result = yield* sys.fsync(process, this.outputFd);
    if (result < 0) this.fail(`fsync failed for ${quoted(this.outputName)}`, result);
    return result;
  }

  private failedToOpen(path: string, error: number): number {
    diagnose(this.process, `failed to open ${quoted(path)}`, error);
    return 1;
  }

  private failedWrite(error: number): false {
    this.waiting = EMPTY;
    this.fail(`error writing ${quoted(this.outputName)}`, error);
    return false;
  }

  private fail(text: string, error: number): void {
    diagnose(this.process, text, error);
    this.exit = 1;
  }

  /** The timing (`, 0.01 s, 13 MB/s`) is left out: the model's clock says nothing about a real disk's. */
  private printStatistics(): void {
    const { status } = this.operands;
    if (status === 'none') return;
    const { stderr } = this.process;
    stderr.write(`${this.readFull}+${this.readPartial} records in\n`);
    stderr.write(`${this.wroteFull}+${this.wrotePartial} records out\n`);
    if (status === 'noxfer') return;
    const bytes = this.wroteBytes;
    const decimal = gnuSize(bytes, 1000);
    const binary = gnuSize(bytes, 1024);
    let sizes = '';
    if (decimal.hasPrefix) {
      sizes = binary.hasPrefix ? ` (${decimal.text}, ${binary.text})` : ` (${decimal.text})`;
    }
    stderr.write(`${bytes} ${bytes === 1 ? 'byte' : 'bytes'}${sizes} copied\n`);
  }
}
