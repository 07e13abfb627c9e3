/**
 * Device mapper of one machine behind its control interface (drivers/md/dm-ioctl.c): names, minors, the inactive and
 * the live table of each mapping. What a table must fulfil and what limits it gets: src/dm/restrict.ts. Mappings live
 * in memory only; a machine that reboots starts with a new DeviceMapper.
 */

import type { BlockDevice } from '../block/device.ts';
import type { BlockSystem } from '../block/system.ts';
import { errno } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Host } from '../sim/host.ts';
import type { Task } from '../sim/task.ts';
import { splitArgs } from './args.ts';
import { DeviceClaims } from './claims.ts';
import type { DmControl, MappingInfo, TargetLine } from './control.ts';
import type { CryptContext } from './crypt/cipher.ts';
import { MappedDevice } from './mapped-device.ts';
import { type Prepared, prepareTable, stillValid } from './restrict.ts';
import { buildTable, type DmTable } from './table.ts';
import type { TargetContext } from './target.ts';

/** The major number recorded kernels gave device mapper; it is assigned at boot and no program may rely on it. */
const DEFAULT_MAJOR = 252;
/** DM_NAME_LEN, with its final zero byte. */
const NAME_LENGTH = 128;

interface Mapping {
  name: string;
  readonly uuid: string;
  readonly device: MappedDevice;
  inactive: DmTable | null;
  /** What the first load found out, for the resume that follows it. */
  prepared: Prepared | null;
  /** A first table was loaded: the queue is set up. */
  initialized: boolean;
}

export class DeviceMapper implements DmControl {
  private readonly host: Host;
  private readonly block: BlockSystem;
  private readonly major: number;
  private readonly crypt: CryptContext;
  private readonly claims: DeviceClaims;
  private readonly mappings = new Map<string, Mapping>();

  /** `crypt`: what the machine chose about its ciphers, for every crypt target. */
  constructor(block: BlockSystem, major: number = DEFAULT_MAJOR, crypt: CryptContext = {}) {
    this.host = block.host;
    this.block = block;
    this.major = major;
    this.crypt = crypt;
    this.claims = new DeviceClaims(block);
  }

  create(name: string, uuid = ''): number {
    const bad = this.checkName(name);
    if (bad < 0) return bad;
    this.touchNames(true);
    const taken = [...this.mappings.values()].some((one) => uuid !== '' && one.uuid === uuid);
    if (this.mappings.has(name) || taken) return -errno.EBUSY;
    const device = new MappedDevice(this.block, this.major, this.freeMinor());
    this.block.register(device);
    this.mappings.set(name, {
      name,
      uuid,
      device,
      inactive: null,
      prepared: null,
      initialized: false,
    });
    return 0;
  }

  load(name: string, lines: readonly string[], readOnly = false): number {
    const mapping = this.found(name, true);
    if (mapping === undefined) return -errno.ENXIO;
    const { device } = mapping;
    const table = buildTable(
      {
        host: this.host,
        number: device.number,
        readOnly,
        context: (held) => this.context(mapping, readOnly, held),
        release: (below) => this.claims.close(device, below),
      },
      lines,
    );
    if (typeof table === 'number') return table;
    const result = this.stage(mapping, table);
    if (result < 0) table.destroy();
    return result;
  }

  resume(name: string): number {
    const mapping = this.found(name, true);
    if (mapping === undefined) return -errno.ENXIO;
    const { device, inactive } = mapping;
    if (inactive !== null) {
      mapping.inactive = null;
      suspendTargets(device);
      const result = this.swap(mapping, inactive);
      if (result < 0) {
        inactive.destroy();
        return result;
      }
    }
    if (!device.suspended) return 0;
    if (device.table === null || device.table.sizeSectors === 0) return -errno.EINVAL;
    // dm_table_resume_targets(): one target that is not ready keeps the whole device suspended.
    for (const { target } of device.table.entries) {
      const ready = target.preresume?.() ?? 0;
      if (ready < 0) return ready;
    }
    for (const { target } of device.table.entries) target.resume?.();
    device.resume();
    return 0;
  }

  suspend(name: string): number {
    const mapping = this.found(name, true);
    if (mapping === undefined) return -errno.ENXIO;
    suspendTargets(mapping.device);
    return 0;
  }

  *drain(name: string): Task<void> {
    const mapping = this.found(name, false);
    if (mapping !== undefined) yield* mapping.device.drained();
  }

  clear(name: string): number {
    const mapping = this.found(name, true);
    if (mapping === undefined) return -errno.ENXIO;
    mapping.inactive?.destroy();
    mapping.inactive = null;
    mapping.prepared = null;
    return 0;
  }

  remove(name: string): number {
    const mapping = this.found(name, true);
    if (mapping === undefined) return -errno.ENXIO;
    const { device } = mapping;
    this.touchNames(true);
    this.block.touchOpeners(device, true);
    if (this.block.openCount(device) > 0 || device.holder !== null) return -errno.EBUSY;
    this.mappings.delete(name);
    this.block.unregister(device);
    mapping.inactive?.destroy();
    device.table?.destroy();
    device.table = null;
    return 0;
  }

  rename(name: string, newName: string): number {
    const bad = this.checkName(newName);
    if (bad < 0) return bad;
    this.touchNames(true);
    if (this.mappings.has(newName)) {
      this.host.printk(
        'err',
        `device-mapper: ioctl: Unable to change name on mapped device ${name} to one that already exists: ${newName}`,
      );
      return -errno.EBUSY;
    }
    const mapping = this.mappings.get(name);
    if (mapping === undefined) return -errno.ENXIO;
    this.mappings.delete(name);
    mapping.name = newName;
    this.mappings.set(newName, mapping);
    return 0;
  }

  table(name: string, slot: 'live' | 'inactive' = 'live'): readonly TargetLine[] | number {
    const mapping = this.found(name);
    if (mapping === undefined) return -errno.ENXIO;
    return linesOf(slot === 'live' ? mapping.device.table : mapping.inactive, 'table');
  }

  status(name: string): readonly TargetLine[] | number {
    const mapping = this.found(name);
    if (mapping === undefined) return -errno.ENXIO;
    return linesOf(mapping.device.table, 'info');
  }

  message(name: string, sector: number, text: string): number {
    const mapping = this.found(name, true);
    if (mapping === undefined) return -errno.ENXIO;
    const refuse = (line: string): number => {
      this.host.printk('err', `device-mapper: ioctl: ${line}`);
      return -errno.EINVAL;
    };
    const argv = splitArgs(text);
    if (argv.length === 0) return refuse('Empty message received.');
    const { table } = mapping.device;
    if (table === null) return -errno.ENXIO;
    const target = table.find(sector);
    if (target === null) return refuse('Target message sector outside device.');
    if (target.message === undefined) return refuse('Target type does not support messages');
    return target.message(argv);
  }

  info(name: string): MappingInfo | number {
    const mapping = this.found(name);
    return mapping === undefined ? -errno.ENXIO : this.infoOf(mapping);
  }

  list(): readonly MappingInfo[] {
    this.touchNames(false);
    const names = [...this.mappings.keys()].sort();
    return names.map((name) => this.infoOf(this.mappings.get(name)!));
  }

  device(name: string): BlockDevice | null {
    this.touchNames(false);
    return this.mappings.get(name)?.device ?? null;
  }

  /** The mapping of that name, for a call that looks at it or changes it. */
  private found(name: string, changes = false): Mapping | undefined {
    this.touchNames(false);
    const mapping = this.mappings.get(name);
    mapping?.device.touchSetup(changes);
    return mapping;
  }

  /** For explorers: what runs now looks names of mappings up, which are names of nodes as well, or changes them. */
  private touchNames(changes: boolean): void {
    this.host.touch('names', '', 0, changes);
  }

  private infoOf(mapping: Mapping): MappingInfo {
    const { name, uuid, device, inactive } = mapping;
    device.touchSetup();
    this.block.touchOpeners(device, true);
    return {
      name,
      uuid,
      major: device.major,
      minor: device.minor,
      suspended: device.suspended,
      liveTable: device.table !== null,
      inactiveTable: inactive !== null,
      openCount: this.block.openCount(device),
      eventNr: 0,
      targets: device.table?.entries.length ?? 0,
      readOnly: device.readOnly,
    };
  }

  /** table_load() after the table is built: the first one sets up the queue; all go to the inactive slot. */
  private stage(mapping: Mapping, table: DmTable): number {
    const unmodelled = table.entries.find(({ target }) => target.notModelled !== undefined);
    if (!mapping.initialized || unmodelled !== undefined) {
      const prepared = prepareTable(this.host, mapping.device, table, !mapping.initialized);
      if (typeof prepared === 'number') {
        if (!mapping.initialized) {
          const text = 'unable to set up device queue for new table.';
          this.host.printk('err', `device-mapper: ioctl: ${text}`);
        }
        return prepared;
      }
      if (unmodelled !== undefined) {
        table.destroy();
        throw new NotModelled(
          `device-mapper target "${unmodelled.type.name}"`,
          'only its refusal on zoned devices is',
        );
      }
      mapping.initialized = true;
      mapping.prepared = prepared;
      mapping.device.setLimits(prepared.limits);
    }
    mapping.inactive?.destroy();
    mapping.inactive = table;
    return 0;
  }

  /** dm_swap_table(). */
  private swap(mapping: Mapping, table: DmTable): number {
    const { device } = mapping;
    let prepared: Prepared | number | null = mapping.prepared;
    mapping.prepared = null;
    if (prepared === null || !stillValid(prepared, table)) {
      prepared = prepareTable(this.host, device, table, false);
    }
    if (typeof prepared === 'number') return prepared;
    const old = device.table;
    const result = device.bind(table, prepared.limits, prepared.emulates);
    if (result < 0) return result;
    old?.destroy();
    return 0;
  }

  private context(mapping: Mapping, readOnly: boolean, held: BlockDevice[]): TargetContext {
    const { device } = mapping;
    return {
      host: this.host,
      block: this.block,
      deviceName: device.name,
      readOnly,
      crypt: this.crypt,
      openDevice: (path) => {
        const found = this.lookup(path);
        if (typeof found === 'number') return found;
        const result = this.claims.open(device, found);
        if (result < 0) return result;
        held.push(found);
        return found;
      },
      submitRemapped: (clone, bio) => device.path.submitRemapped(clone, bio),
      submitWhole: (bio, own) => device.path.submitWhole(bio, own),
      wholeEnded: (bio, status) => device.path.wholeEnded(bio, status),
      acceptPartial: (clone, sectors) => device.path.acceptPartial(clone, sectors),
    };
  }

  /** A device by path or number; a negative errno when there is none. */
  private lookup(path: string): BlockDevice | number {
    const number = /^(\d+):(\d+)$/.exec(path);
    if (number !== null) {
      return this.block.byNumber(Number(number[1]), Number(number[2])) ?? -errno.ENXIO;
    }
    let device: BlockDevice | null | undefined;
    if (path.startsWith('/dev/mapper/')) device = this.device(path.slice('/dev/mapper/'.length));
    else if (path.startsWith('/dev/')) device = this.block.devices.get(path.slice('/dev/'.length));
    return device ?? -errno[this.host.kernel.dm.missingDeviceErrno];
  }

  private checkName(name: string): number {
    if (name.includes('/')) {
      this.host.printk('err', 'device-mapper: ioctl: invalid device name');
      return -errno.EINVAL;
    }
    return name === '' || name.length >= NAME_LENGTH ? -errno.EINVAL : 0;
  }

  private freeMinor(): number {
    const used = new Set([...this.mappings.values()].map(({ device }) => device.minor));
    let minor = 0;
    while (used.has(minor)) minor += 1;
    return minor;
  }
}

function linesOf(table: DmTable | null, kind: 'info' | 'table'): readonly TargetLine[] {
  if (table === null) return [];
  return table.entries.map(({ type, target }) => ({
    startSector: target.begin,
    sectors: target.length,
    target: type.name,
    params: target.status(kind, true),
  }));
}

/** dm_suspend(): bios wait from now on, and targets are told. */
function suspendTargets(device: MappedDevice): void {
  if (device.suspended) return;
  device.suspended = true;
  for (const { target } of device.table?.entries ?? []) target.postsuspend?.();
}
