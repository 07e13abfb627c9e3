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
  /** `dmesg` shows lines from here on: how many there were when `dmesg -c` or `-C` ran. */
  clearedLines = 0;
  /** Told of every line, so that the trace can hold its place among the bios. */
  onLine: ((line: LogLine) => void) | null = null;
  private readonly now: () => number;
  private held: {
    readonly timeNs: number;
    readonly level: LogLevel;
    readonly text: string;
  } | null = null;

  constructor(now: () => number) {
    this.now = now;
  }

  /**
   * Adds a line. One whose format has no newline at its end (`unterminated`) could still be continued, so no reader
   * gets to see it before the next line comes (kernel/printk/printk_ringbuffer.c, 5.10 and later).
   */
  emit(level: LogLevel, text: string, unterminated = false): void {
    const waiting = this.held;
    this.held = null;
    if (waiting !== null) this.push(waiting.timeNs, waiting.level, waiting.text);
    if (unterminated) this.held = { timeNs: this.now(), level, text };
    else this.push(this.now(), level, text);
  }

  /** The text of the line no reader has seen yet; null when there is none. */
  get heldText(): string | null {
    return this.held?.text ?? null;
  }

  /** A line held from before this log was begun: the next line printed brings it out first. */
  holdFirst(text: string): void {
    this.held ??= { timeNs: this.now(), level: 'info', text };
  }

  private push(timeNs: number, level: LogLevel, text: string): void {
    const line = { index: this.lines.length, timeNs, level, text };
    this.lines.push(line);
    this.onLine?.(line);
  }

  /** The texts logged since line `index` (a former `lines.length`). */
  since(index: number): string[] {
    return this.lines.slice(index).map((line) => line.text);
  }
}
