/**
 * How encrypted writes leave dm-crypt when that takes time, or when workers do it (kcryptd_queue_crypt(),
 * kcryptd_crypt_write_io_submit(), dmcrypt_write()). On a zoned device the kernel encrypts in the submitter's context:
 * the lower bio follows when the CPU is done, in the order of the bios above. With the what-if patch
 * `crypt-write-workqueue` it is as on other disks: a worker for each CPU encrypts, so a short write is ready before a
 * long one that came first, and one thread sends what is ready, lowest sector first.
 */

import type { Bio } from '../../block/bio.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { Cpu } from '../../sim/cpu.ts';
import type { Runner } from '../../sim/task.ts';
import type { TargetContext } from '../target.ts';

/** CPUs that encrypt; the machine the costs of dm-crypt's queues come from had four. */
const WORKERS = 4;

interface Job {
  readonly way: CryptWay;
  /** The clone given to the target, and the target's own bio with the ciphertext. */
  readonly bio: Bio;
  readonly own: Bio;
  readonly sender: Runner | null;
  /** There is something to compute: the cipher is not the null cipher. */
  readonly ciphers: boolean;
}

export class CryptWay {
  private readonly context: TargetContext;
  private readonly cpu: Cpu | null;
  private readonly workqueue: boolean;
  private readonly unitSectors: number;
  private readonly queue: Job[] = [];
  private free = WORKERS;
  /** Encrypted, to be sent by the thread. */
  private ready: Job[] = [];

  constructor(context: TargetContext, workqueue: boolean, unitSectors: number) {
    this.context = context;
    this.cpu = context.host.cpu;
    this.workqueue = workqueue;
    this.unitSectors = unitSectors;
  }

  /** Sends `own` below on behalf of `bio`. `ciphers`: there is something to compute. */
  write(bio: Bio, own: Bio, ciphers: boolean): void {
    const { host, block } = this.context;
    const job: Job = { way: this, bio, own, sender: host.tasks.actor, ciphers };
    if (this.workqueue) {
      this.cpu?.waits.park(job, host.loop.nowNs);
      this.queue.push(job);
      this.work();
      return;
    }
    const { cpu } = this;
    if (cpu !== null) {
      cpu.chargeCrypt(true, bio.sectors * SECTOR_BYTES, bio.sectors / this.unitSectors, ciphers);
      // A plugged task sends all it has when it has made the last: its requests are gathered below and go out then.
      if (cpu.behindNs > 0 && !block.plugged) {
        host.loop.post(encryptedInline, job, cpu.behindNs);
        return;
      }
    }
    this.send(job);
  }

  /** `own` is back with what was read: `done(own)` follows when it is deciphered, on a CPU of its own. */
  read(own: Bio, ciphers: boolean, done: (own: Bio) => void): void {
    const { cpu } = this;
    if (cpu === null) {
      done(own);
      return;
    }
    const bytes = own.sectors * SECTOR_BYTES;
    const { cryptReadNs, dmNs } = cpu.costs;
    const cipherNs = Math.round(cpu.cipherNs(bytes, own.sectors / this.unitSectors, ciphers));
    cpu.waits.cpuNs.dm += dmNs;
    cpu.waits.cpuNs.crypt += cryptReadNs + cipherNs;
    cpu.waits.cryptBytes += bytes;
    this.context.host.loop.post(done, own, dmNs + cryptReadNs + cipherNs);
  }

  send(job: Job): void {
    this.context.host.tasks.actAs(job.sender, submitJob, job);
  }

  submit({ bio, own }: Job): void {
    this.context.submitRemapped(bio, own);
  }

  /** A worker has encrypted one job. */
  encrypted(job: Job): void {
    this.free += 1;
    this.ready.push(job);
    if (this.ready.length === 1) {
      const hopNs = Math.round((this.cpu?.costs.cryptQueueNs ?? 0) / 2);
      this.context.host.loop.post(sendReady, this, hopNs);
    }
    this.work();
  }

  /** The thread sends all there is, in a plug. */
  sendReady(): void {
    const { ready } = this;
    const { host, block } = this.context;
    this.ready = [];
    ready.sort((a, b) => a.own.sector - b.own.sector);
    block.startPlug();
    try {
      for (const job of ready) {
        this.cpu?.waits.unpark('crypt-queue', job, host.loop.nowNs);
        this.context.submitRemapped(job.bio, job.own);
      }
    } finally {
      block.finishPlug();
    }
  }

  private work(): void {
    while (this.free > 0) {
      const job = this.queue.shift();
      if (job === undefined) return;
      this.free -= 1;
      this.context.host.loop.post(encryptedByWorker, job, this.workNs(job));
    }
  }

  /** What a worker takes for a job: half of the two queues' cost, then the encryption. */
  private workNs({ bio, ciphers }: Job): number {
    const { cpu } = this;
    if (cpu === null) return 0;
    const bytes = bio.sectors * SECTOR_BYTES;
    const { cryptQueueNs, cryptWriteNs, dmNs } = cpu.costs;
    const cipherNs = Math.round(cpu.cipherNs(bytes, bio.sectors / this.unitSectors, ciphers));
    cpu.waits.cpuNs.dm += dmNs;
    cpu.waits.cpuNs.crypt += cryptWriteNs + cipherNs;
    cpu.waits.cryptBytes += bytes;
    return Math.round(cryptQueueNs / 2) + dmNs + cryptWriteNs + cipherNs;
  }
}

function submitJob(job: Job): void {
  job.way.submit(job);
}

function encryptedInline(job: Job): void {
  job.way.send(job);
}
encryptedInline.label = ({ own }: Job): string =>
  `encrypted write ${own.sector}+${own.sectors} goes below`;

function encryptedByWorker(job: Job): void {
  job.way.encrypted(job);
}
encryptedByWorker.label = ({ own }: Job): string =>
  `a worker has encrypted ${own.sector}+${own.sectors}`;

function sendReady(way: CryptWay): void {
  way.sendReady();
}
sendReady.label = (): string => 'the write thread of dm-crypt sends what is encrypted';
