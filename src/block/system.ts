/**
 * The block floor of one machine: its bios and its devices by name. Floors above find devices here; disks and
 * mapped devices register themselves.
 */

import type { Host } from '../sim/host.ts';
import type { Task } from '../sim/task.ts';
import { wake } from '../sim/task.ts';
import { type Bio, BioPool, Flag } from './bio.ts';
import type { BlockDevice } from './device.ts';
import type { DeviceCache } from './device-cache.ts';
import type { BlockStatus } from './status.ts';

const TOP = Flag.top;

export class BlockSystem {
  readonly host: Host;
  readonly bios = new BioPool();
  /** By kernel name, in order of registration. */
  readonly devices = new Map<string, BlockDevice>();
  /** What is cached of devices that programs read and write through their nodes. */
  readonly caches = new Map<BlockDevice, DeviceCache>();
  private readonly openers = new Map<BlockDevice, number>();
  private plugDepth = 0;
  private readonly gathering: { flush(): void }[] = [];

  /** Told of every bio with file data as it leaves the file-system floor; null when nobody listens. */
  onDataBio: ((bio: Bio) => void) | null = null;

  constructor(host: Host) {
    this.host = host;
  }

  register(device: BlockDevice): void {
    if (this.devices.has(device.name)) {
      throw new Error(`"device" expected a new name, got "${device.name}" again`);
    }
    this.devices.set(device.name, device);
  }

  unregister(device: BlockDevice): void {
    this.devices.delete(device.name);
  }

  byNumber(major: number, minor: number): BlockDevice | null {
    for (const device of this.devices.values()) {
      if (device.major === major && device.minor === minor) return device;
    }
    return null;
  }

  /** What is cached of the device, for whoever goes by it or changes it; explorers are told. */
  cachedOf(device: BlockDevice): DeviceCache | undefined {
    const cache = this.caches.get(device);
    this.host.touch('pages', device.name, 0, cache !== undefined);
    return cache;
  }

  /** Somebody opened the device: a descriptor, a mount, a table. Each `opened` has its `closed`. */
  opened(device: BlockDevice): void {
    this.touchOpeners(device, false);
    this.openers.set(device, this.openCount(device) + 1);
  }

  /** Returns how many still have it open. Whoever is last flushes and forgets its cache (blkdev_put()). */
  closed(device: BlockDevice): number {
    // Who is last writes out what is cached, so that closing does not come to the same in either order.
    this.touchOpeners(device, this.caches.has(device));
    const left = this.openCount(device) - 1;
    if (left < 0) throw new Error(`"${device.name}" expected to be open, got one close too many`);
    if (left === 0) this.openers.delete(device);
    else this.openers.set(device, left);
    return left;
  }

  /** What `dmsetup info` calls the open count, and what keeps a mapping from being removed. */
  openCount(device: BlockDevice): number {
    return this.openers.get(device) ?? 0;
  }

  /** For explorers: what runs now opens or closes the device, or asks (`exactly`) who has it open. */
  touchOpeners(device: BlockDevice, exactly: boolean): void {
    this.host.touch('openers', device.name, 0, exactly);
  }

  /** A bio as a program or a file system sends it: a new id, the running call as its cause, marked as leaving that floor. */
  newBio(device: BlockDevice): Bio {
    const bio = this.bios.take(this.host.nextBioId());
    bio.device = device;
    bio.flags = TOP;
    bio.cause = this.host.cause;
    return bio;
  }

  /** Is the running task gathering requests before they are sent? */
  get plugged(): boolean {
    return this.plugDepth > 0;
  }

  /**
   * blk_start_plug(): requests of the bios submitted from now on are gathered and merged where they touch, until
   * `finishPlug`. A task must not yield in between: what sleeps is sent first, as the kernel does.
   */
  startPlug(): void {
    this.plugDepth += 1;
  }

  finishPlug(): void {
    this.plugDepth -= 1;
    if (this.plugDepth < 0) throw new Error('"finishPlug" expected a plug, got none');
    if (this.plugDepth === 0) this.flushPlug();
  }

  /** A request queue holds gathered requests and wants to be flushed. */
  gathers(queue: { flush(): void }): void {
    this.gathering.push(queue);
  }

  private flushPlug(): void {
    for (const queue of this.gathering.splice(0)) queue.flush();
  }

  /** Sends `bio` and waits for its end. The bio stays the caller's: read its status and payload, then give it back. */
  *submitAndWait(bio: Bio): Task<BlockStatus> {
    const { host } = this;
    bio.onEnd = wake;
    bio.device!.submit(bio);
    this.flushPlug();
    for (let wait = host.settle(bio); wait !== null; wait = host.settle(bio)) yield wait;
    return bio.status;
  }
}
