/**
 * Machine: one simulated Linux host with all its floors. Disks outlive it: `reboot` builds the next machine around
 * them, under the same or another kernel.
 *
 * The methods here are for callers outside the simulated time. Each runs the event loop until its own call is done;
 * inside a task they throw, because there is nobody to run the loop (programs use `vfs` and yield).
 */

import { Disk } from './block/disk.ts';
import { FaultPlan } from './block/faults.ts';
import type { ZonedMedia } from './block/media.ts';
import { BlockSystem } from './block/system.ts';
import type { DiskUse } from './block/timed.ts';
import type { CipherProvider } from './dm/crypt/provider.ts';
import { providersHere } from './dm/crypt/providers.ts';
import { KernelKeyring } from './dm/keyring.ts';
import { DeviceMapper } from './dm/mapper.ts';
import { O } from './fs/inode.ts';
import type { ProcessContext } from './fs/syscalls.ts';
import { fileSystemTypes } from './fs/types.ts';
import { Vfs } from './fs/vfs.ts';
import { type ErrnoName, errno, errnoName } from './kernel/errno.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { KernelLog } from './kernel/log.ts';
import { kernelByName } from './kernel/releases.ts';
import { closest } from './kernel/suggest.ts';
import {
  attachDisk,
  costsOf,
  type DiskAttributes,
  MachineError,
  makeDisks,
  type PlacedDisk,
} from './machine-disks.ts';
import { checked, File, SystemCallError } from './machine-file.ts';
import { allResults, Job } from './machine-jobs.ts';
import type { System } from './shell/program.ts';
import { type CommandOptions, type CommandResult, runCommand } from './shell/shell.ts';
import type { Accounting } from './sim/accounting.ts';
import { type Costs, Cpu } from './sim/cpu.ts';
import type { Decision } from './sim/decision.ts';
import { Host } from './sim/host.ts';
import { FirstCome, type Schedule } from './sim/schedule.ts';
import type { Task } from './sim/task.ts';
import type { Trace } from './sim/trace.ts';

export { type DiskAttributes, MachineError } from './machine-disks.ts';
export { File, SystemCallError } from './machine-file.ts';
export { Job } from './machine-jobs.ts';

export interface MachineOptions {
  /** A name as `zonestack kernels` lists them, with patches if wanted (`v5.12+series[1-2]`), or a record. */
  readonly kernel: string | Kernel;
  /** By kernel name, in order of their minor numbers: `nullb0`, `nullb1`, ... */
  readonly disks?: Readonly<Record<string, DiskAttributes>>;
  /** Of everything a machine draws: UUIDs, and choices if `schedule` makes any. 0 unless given. */
  readonly seed?: number;
  /** How choices are made; the first alternative always, unless given. */
  readonly schedule?: Schedule;
  /** False: no trace is kept. */
  readonly trace?: boolean;
  /** Compute ciphertext when it is written instead of when somebody looks. */
  readonly eagerCiphertext?: boolean;
  /** Who computes ciphers; the fastest that runs here unless given. All give the same bytes. */
  readonly cipherProvider?: CipherProvider;
  readonly majors?: { readonly disk?: number; readonly dm?: number };
  /** What the kernel's own work takes: the defaults of src/sim/cpu.ts, or some costs with all others 0; nothing unless given. */
  readonly costs?: 'default' | Partial<Costs>;
}

export interface RebootOptions {
  /** The same kernel unless given. */
  readonly kernel?: string | Kernel;
  /** `clean` (default): mounts are taken down and caches written. `power-cut`: what had not reached a disk is lost. */
  readonly how?: 'clean' | 'power-cut';
}

export interface MountOutcome {
  readonly ok: boolean;
  /** Why not. */
  readonly errno?: ErrnoName;
  /** Every rule that was asked, in order. */
  readonly decisions: readonly Decision[];
}

export interface MountFlags {
  readonly readOnly?: boolean;
  readonly remount?: boolean;
}

export class Machine {
  readonly kernel: Kernel;
  readonly host: Host;
  readonly block: BlockSystem;
  readonly dm: DeviceMapper;
  /** The kernel's keyring; empty after every boot. */
  readonly keys: KernelKeyring;
  /** The system calls. */
  readonly vfs: Vfs;
  /** What survives a reboot, by disk. */
  readonly disks: ReadonlyMap<string, ZonedMedia>;
  private readonly options: MachineOptions;
  private readonly placed: readonly PlacedDisk[];
  private readonly process: ProcessContext;
  private down = false;
  /** Started and not waited for by runAll(). */
  private jobs: Job[] = [];

  /** Throws KernelError for a kernel there is not, MachineError for a disk the kernel's driver refuses. */
  constructor(options: MachineOptions);
  /** A machine around what is left of another. */
  constructor(options: MachineOptions, left: Leftovers);
  constructor(options: MachineOptions, left?: Leftovers) {
    const { kernel } = options;
    this.options = options;
    this.kernel = typeof kernel === 'string' ? kernelByName(kernel) : kernel;
    const schedule = left?.schedule ?? options.schedule ?? new FirstCome(options.seed ?? 0);
    this.host = new Host(this.kernel, schedule, left?.beside);
    this.host.trace.enabled = options.trace ?? true;
    this.block = new BlockSystem(this.host);
    this.placed = left?.placed ?? this.newDisks();
    const timed = this.placed.some(({ profile }) => profile !== null);
    if (options.costs !== undefined || timed) {
      const { loop, tasks } = this.host;
      this.host.cpu = new Cpu(loop, tasks, costsOf(options.costs));
    }
    for (const disk of this.placed) attachDisk(this.block, disk);
    this.disks = new Map(this.placed.map(({ name, media }) => [name, media]));
    const { majors, cipherProvider, eagerCiphertext } = options;
    const { loop } = this.host;
    this.keys = new KernelKeyring(schedule.random, () => loop.nowNs);
    const crypt = {
      provider: cipherProvider ?? providersHere()[0]!,
      eager: eagerCiphertext ?? false,
      keyring: this.keys,
    };
    this.dm = new DeviceMapper(this.block, majors?.dm, crypt);
    const { host, block, dm } = this;
    this.vfs = new Vfs({ host, block, dm, crypt, types: fileSystemTypes });
    this.process = this.vfs.newProcess('zonestack', '/root');
  }

  get log(): KernelLog {
    return this.host.log;
  }

  get trace(): Trace {
    return this.host.trace;
  }

  get decisions(): readonly Decision[] {
    return this.host.decisions;
  }

  /** Where time went so far; null on a machine without costs and profiles, where nothing takes any. */
  get waits(): Accounting | null {
    return this.host.cpu?.waits ?? null;
  }

  /** What a disk did with its time; null on a machine where nothing takes any, and for what is no disk. */
  diskUse(name: string): DiskUse | null {
    const device = this.block.devices.get(name);
    return device instanceof Disk ? (device.requests.timed?.use ?? null) : null;
  }

  /** What is planned to go wrong with a disk; it stays with the disk over reboots. Throws MachineError for no disk. */
  faults(name: string): FaultPlan {
    const media = this.disks.get(name);
    if (media === undefined) {
      const names = [...this.disks.keys()];
      const message = `there is no disk "${name}"; there are ${names.join(', ')}`;
      throw new MachineError('name', name, null, message, closest(name, names));
    }
    media.faults ??= new FaultPlan();
    return media.faults;
  }

  /** The power was cut by a planned fault: only `reboot` is left. */
  get powerIsOff(): boolean {
    return this.host.loop.off;
  }

  /** The kernel log's lines without time stamps. */
  dmesg(): string[] {
    return this.host.log.since(0);
  }

  /** Runs `task` to its end under the name `comm` and returns its result. Throws inside a task. */
  call<T>(task: Task<T>, comm = 'zonestack'): T {
    if (this.down) throw new Error('"machine" expected to run, got one that was shut down');
    return this.host.tasks.runToEnd(comm, task);
  }

  /** Runs one command line as a user types it. Exit codes and texts are the tools' own; nothing is thrown for them. */
  run(commandLine: string, options?: CommandOptions): CommandResult {
    return this.call(runCommand(this.system, commandLine, options), 'sh');
  }

  /**
   * Starts a command line beside others; nothing runs before `runAll`. May be called inside tasks too: then `job.wait()`
   * tells its end.
   */
  spawn(commandLine: string, options?: CommandOptions): Job {
    const job = new Job(this.system, commandLine, options);
    this.jobs.push(job);
    return job;
  }

  /** Runs until every job started so far has ended; their results in the order they were started. Throws inside a task. */
  runAll(): CommandResult[] {
    const jobs = this.jobs;
    this.jobs = [];
    return this.call(allResults(jobs), 'sh');
  }

  /** What programs reach of this machine. */
  get system(): System {
    const { host, block, dm, keys } = this;
    return { host, block, sys: this.vfs, dm, keys };
  }

  /** mount(2). `options` as after `-o`, mount flags apart: `errors=repair`. The mount point is made when missing. */
  mount(
    source: string,
    target: string,
    type: string,
    options = '',
    flags: MountFlags = {},
  ): MountOutcome {
    const asked = this.host.decisions.length;
    this.makeDirectories(target);
    const result = this.call(
      this.vfs.mount(this.process, source, target, type, flags, options),
      'mount',
    );
    const decisions = this.host.decisions.slice(asked);
    return result < 0
      ? { ok: false, errno: errnoName(result), decisions }
      : { ok: true, decisions };
  }

  /** Throws SystemCallError: EBUSY while a file is open there. */
  umount(target: string): void {
    checked('umount', target, this.call(this.vfs.umount(this.process, target), 'umount'));
  }

  /** open(2) with the flags of `O`. Throws SystemCallError. */
  open(path: string, flags: number = O.RDWR, mode?: number): File {
    const fd = checked('open', path, this.call(this.vfs.open(this.process, path, flags, mode)));
    return new File(this.vfs, this.process, path, fd, (task) => this.call(task));
  }

  /** All of a file's bytes. Throws SystemCallError. */
  readFile(path: string): Uint8Array {
    const file = this.open(path, O.RDONLY);
    const bytes = file.pread(file.stat().size, 0);
    file.close();
    return bytes;
  }

  /** sync(2). */
  sync(): void {
    this.call(this.vfs.sync(this.process), 'sync');
  }

  /** `dmsetup create`: throws SystemCallError when the kernel refuses the table, and leaves no mapping behind then. */
  createMapping(name: string, table: string | readonly string[]): void {
    const lines = typeof table === 'string' ? table.split('\n') : table;
    checked('DM_DEV_CREATE', name, this.dm.create(name));
    const loaded = this.dm.load(name, lines);
    const result = loaded < 0 ? loaded : this.dm.resume(name);
    if (result < 0) this.dm.remove(name);
    checked('DM_TABLE_LOAD', name, result);
  }

  /**
   * Ends this machine and returns the next one: same disks, same seed, no mappings, no mounts, an empty log and
   * trace. The old one refuses further calls.
   */
  reboot(how: RebootOptions = {}): Machine {
    const cut = how.how === 'power-cut' || this.host.loop.off;
    if (cut) this.host.loop.clear();
    else this.shutDown();
    for (const media of this.disks.values()) {
      if (cut) media.unflushed?.lost();
      media.unflushed = null;
    }
    this.down = true;
    const { schedule, beside } = this.host;
    const kernel = how.kernel ?? this.options.kernel;
    return new Machine({ ...this.options, kernel }, { placed: this.placed, schedule, beside });
  }

  private newDisks(): readonly PlacedDisk[] {
    const { disks = {}, majors } = this.options;
    const { placed, log } = makeDisks(this.kernel, disks, majors?.disk);
    for (const line of log) this.host.printk('info', line);
    return placed;
  }

  private shutDown(): void {
    this.call(this.vfs.shutDown(), 'systemd-shutdow');
    // Mappings may stand on each other: whoever nothing uses any more goes, until none goes.
    for (let removed = true; removed; ) {
      removed = false;
      for (const { name } of this.dm.list()) removed = this.dm.remove(name) === 0 || removed;
    }
  }

  private makeDirectories(path: string): void {
    const names = path.split('/').filter((name) => name !== '');
    for (let i = 1; i <= names.length; i += 1) {
      const each = `/${names.slice(0, i).join('/')}`;
      const made = this.call(this.vfs.mkdir(this.process, each));
      if (made < 0 && made !== -errno.EEXIST) throw new SystemCallError('mkdir', made, each);
    }
  }
}

/** What one machine leaves to the next. */
interface Leftovers {
  readonly placed: readonly PlacedDisk[];
  readonly schedule: Schedule;
  readonly beside: Map<string, unknown>;
}
