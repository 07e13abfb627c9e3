/**
 * The block floor of one machine: its bios and its devices by name. Floors above find devices here; disks and
 * mapped devices register themselves.
 */

import type { Host } from '../sim/host.ts';
import type { Task } from '../sim/task.ts';
import { wake } from '../sim/task.ts';
import { type Bio, BioPool, Flag } from './bio.ts';
import type { BlockDevice } from './device.ts';
import type { BlockStatus } from './status.ts';

export class BlockSystem {
  readonly host: Host;
  readonly bios = new BioPool();
  /** By kernel name, in order of registration. */
  readonly devices = new Map<string, BlockDevice>();

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

  /** A bio as a program or a file system sends it: a new id, marked as having left that floor. */
  newBio(device: BlockDevice): Bio {
    const bio = this.bios.take(this.host.nextBioId());
    bio.device = device;
    bio.flags = Flag.top;
    return bio;
  }

  /** Sends `bio` and waits for its end. The bio stays the caller's: read its status and payload, then give it back. */
  *submitAndWait(bio: Bio): Task<BlockStatus> {
    const waiting: { done: boolean } = { done: false };
    bio.context = waiting;
    bio.onEnd = wakeSubmitter;
    bio.device!.submit(bio);
    while (!waiting.done) yield bio;
    return bio.status;
  }
}

function wakeSubmitter(bio: Bio): void {
  (bio.context as { done: boolean }).done = true;
  wake(bio);
}
