/**
 * The kernel log (kernel/printk/). Lines are kept as printed, without the time stamp `dmesg` puts before them.
 */

export type LogLevel = 'emerg' | 'alert' | 'crit' | 'err' | 'warning' | 'notice' | 'info' | 'debug';

export interface LogLine {
  readonly index: number;
  readonly timeNs: number;
  readonly level: LogLevel;
  readonly text: string;
}

export class KernelLog {
  readonly lines: LogLine[] = [];
  /** Told of every line, so that the trace can hold its place among the bios. */
  onLine: ((line: LogLine) => void) | null = null;
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  emit(level: LogLevel, text: string): void {
    const line = { index: this.lines.length, timeNs: this.now(), level, text };
    this.lines.push(line);
    this.onLine?.(line);
  }

  /** The texts logged since line `index` (a former `lines.length`). */
  since(index: number): string[] {
    return this.lines.slice(index).map((line) => line.text);
  }
}
