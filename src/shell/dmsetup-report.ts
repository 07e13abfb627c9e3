/** What dmsetup shows: table, status, info, ls, deps, targets (libdm/dm-tools/dmsetup.c, _status(), _display_info(), _display_tree()). */

import type { BlockDevice } from '../block/device.ts';
import type { BlockSystem } from '../block/system.ts';
import type { DmControl, MappingInfo, TargetLine } from '../dm/control.ts';
import { errno, strerror } from '../kernel/errno.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { OutputStream } from './program.ts';

export interface ReportContext {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly operands: readonly string[];
  readonly dm: DmControl;
  readonly block: BlockSystem;
  readonly kernel: Kernel;
  has(option: string): boolean;
  /** The last value given for an option; null when it was not. */
  value(option: string): string | null;
}

/** What a command that failed says last. Returns 1. */
export function failed(context: ReportContext): number {
  context.stderr.write('Command failed.\n');
  return 1;
}

/** `device-mapper: reload ioctl on c0 (252:0) failed: Invalid argument`; `numbers` where the library knows them. */
export function ioctlFailed(
  context: ReportContext,
  ioctl: string,
  name: string,
  error: number,
  numbers = '',
): number {
  const { stderr } = context;
  stderr.write(`device-mapper: ${ioctl} ioctl on ${name} ${numbers} failed: ${strerror(error)}\n`);
  return failed(context);
}

/** The library turns ENXIO of INFO and STATUS into "does not exist"; TABLE has no such mercy. */
function doesNotExist(context: ReportContext): number {
  context.stderr.write('Device does not exist.\n');
  return failed(context);
}

function allNames(context: ReportContext): readonly string[] | null {
  const names = context.dm.list().map((info) => info.name);
  if (names.length > 0) return names;
  context.stdout.write('No devices found\n');
  return null;
}

/** Keys are the second word of a crypt line; each letter of theirs is shown as a zero. A keyring's name is no key. */
function withoutKey(line: TargetLine): string {
  if (line.target !== 'crypt') return line.params;
  const match = /^(\S* )(\S*)(.*)$/s.exec(line.params);
  if (match === null || match[2]!.startsWith(':')) return line.params;
  return `${match[1]}${'0'.repeat(match[2]!.length)}${match[3]}`;
}

function lineText(line: TargetLine, params: string): string {
  return `${line.startSector} ${line.sectors} ${line.target} ${params}\n`;
}

function showTargets(
  context: ReportContext,
  lines: readonly TargetLine[],
  label: string,
  text: (line: TargetLine) => string,
): void {
  const wanted = context.value('target');
  const shown = lines.filter((line) => wanted === null || line.target === wanted);
  if (shown.length === 0 && wanted === null) context.stdout.write(`${label}\n`);
  for (const line of shown) context.stdout.write(label + lineText(line, text(line)));
}

function* table(context: ReportContext): Task<number> {
  const named = context.operands.length > 0;
  const names = named ? context.operands : allNames(context);
  const slot = context.has('inactive') ? 'inactive' : 'live';
  if (context.has('concise')) throw new NotModelled('dmsetup table --concise', 'leave it out');
  for (const name of names ?? []) {
    const lines = context.dm.table(name, slot);
    if (typeof lines === 'number') return ioctlFailed(context, 'table', name, lines);
    const keys = context.has('showkeys');
    const label = named && names!.length === 1 ? '' : `${name}: `;
    showTargets(context, lines, label, (line) => (keys ? line.params : withoutKey(line)));
  }
  return 0;
}

function* status(context: ReportContext): Task<number> {
  const named = context.operands.length > 0;
  const names = named ? context.operands : allNames(context);
  for (const name of names ?? []) {
    const lines = context.dm.status(name);
    if (lines === -errno.ENXIO) return doesNotExist(context);
    if (typeof lines === 'number') return ioctlFailed(context, 'status', name, lines);
    const label = named && names!.length === 1 ? '' : `${name}: `;
    showTargets(context, lines, label, (line) => line.params);
  }
  return 0;
}

/** Sectors; what a device starts with when nothing asks for more (VM_READAHEAD_PAGES). */
const READ_AHEAD = 256;

function infoText(info: MappingInfo): string {
  const tables = [info.liveTable ? 'LIVE' : '', info.inactiveTable ? 'INACTIVE' : '']
    .filter((text) => text !== '')
    .join(' & ');
  const state = info.suspended ? 'SUSPENDED' : 'ACTIVE';
  return [
    `Name:              ${info.name}`,
    `State:             ${state}${info.readOnly ? ' (READ-ONLY)' : ''}`,
    `Read Ahead:        ${READ_AHEAD}`,
    `Tables present:    ${tables === '' ? 'None' : tables}`,
    `Open count:        ${info.openCount}`,
    `Event number:      ${info.eventNr}`,
    `Major, minor:      ${info.major}, ${info.minor}`,
    `Number of targets: ${info.targets}`,
    ...(info.uuid === '' ? [] : [`UUID: ${info.uuid}`]),
    '',
    '',
  ].join('\n');
}

interface Column {
  readonly heading: string;
  readonly width: number;
  readonly right?: boolean;
  value(info: MappingInfo): string;
}

const COLUMNS: Readonly<Record<string, Column>> = {
  name: { heading: 'Name', width: 16, value: (info) => info.name },
  major: { heading: 'Maj', width: 3, right: true, value: (info) => String(info.major) },
  minor: { heading: 'Min', width: 3, right: true, value: (info) => String(info.minor) },
  attr: { heading: 'Stat', width: 4, value: attributes },
  open: { heading: 'Open', width: 4, right: true, value: (info) => String(info.openCount) },
  segments: { heading: 'Targ', width: 4, right: true, value: (info) => String(info.targets) },
  events: { heading: 'Event', width: 6, right: true, value: (info) => String(info.eventNr) },
  uuid: { heading: 'UUID', width: 32, value: (info) => info.uuid },
  blkdevname: { heading: 'BlkDevName', width: 16, value: (info) => `dm-${info.minor}` },
};
const DEFAULT_COLUMNS = 'name,major,minor,attr,open,segments,events,uuid';

function attributes(info: MappingInfo): string {
  const mark = (is: boolean, letter: string): string => (is ? letter : '-');
  const live = mark(info.liveTable, 'L') + mark(info.inactiveTable, 'I');
  return live + mark(info.suspended, 's') + (info.readOnly ? 'r' : 'w');
}

/** `info -c`: aligned under headings; without them the fields stand one after another with colons between. */
function infoColumns(context: ReportContext, infos: readonly MappingInfo[]): void {
  const asked = (context.value('options') ?? DEFAULT_COLUMNS).split(',');
  const columns = asked.map((name) => {
    const column = COLUMNS[name];
    if (column !== undefined) return column;
    throw new NotModelled(`the dmsetup field ${name}`, `known: ${Object.keys(COLUMNS).join(', ')}`);
  });
  if (context.has('noheadings')) {
    const separator = context.value('separator') ?? ':';
    for (const info of infos) {
      context.stdout.write(`${columns.map((column) => column.value(info)).join(separator)}\n`);
    }
    return;
  }
  const widths = columns.map((column) =>
    Math.max(column.width, column.heading.length, ...infos.map((one) => column.value(one).length)),
  );
  const heads = columns.map((column, i) => column.heading.padEnd(widths[i]!));
  context.stdout.write(`${heads.join(' ')}\n`);
  for (const info of infos) {
    const cells = columns.map((column, i) => {
      const text = column.value(info);
      return column.right === true ? text.padStart(widths[i]!) : text.padEnd(widths[i]!);
    });
    context.stdout.write(`${cells.join(' ')}\n`);
  }
}

function* info(context: ReportContext): Task<number> {
  const names = context.operands.length > 0 ? context.operands : allNames(context);
  const infos: MappingInfo[] = [];
  for (const name of names ?? []) {
    const one = context.dm.info(name);
    if (typeof one === 'number') return doesNotExist(context);
    if (!context.has('columns')) context.stdout.write(infoText(one));
    infos.push(one);
  }
  if (context.has('columns') && names !== null) infoColumns(context, infos);
  return 0;
}

function* ls(context: ReportContext): Task<number> {
  const all = context.dm.list();
  if (all.length === 0) {
    context.stdout.write('No devices found\n');
    return 0;
  }
  if (context.has('tree')) {
    showTree(context, all);
    return 0;
  }
  const wanted = context.value('target');
  const plain = context.value('options') === 'blkdevname' || context.value('options') === 'devname';
  for (const { name, major, minor } of all) {
    if (wanted !== null) {
      const lines = context.dm.table(name);
      if (typeof lines === 'number' || !lines.some((line) => line.target === wanted)) continue;
    }
    // With a target the line comes from the status code, which separates the numbers with a comma.
    const numbers = wanted === null ? `${major}:${minor}` : `${major}, ${minor}`;
    context.stdout.write(`${name}\t(${plain ? `dm-${minor}` : numbers})\n`);
  }
  return 0;
}

function showTree(context: ReportContext, all: readonly MappingInfo[]): void {
  const devices = new Map<BlockDevice, string>();
  for (const { name } of all) {
    const device = context.dm.device(name);
    if (device !== null) devices.set(device, name);
  }
  const used = new Set([...devices.keys()].flatMap((device) => device.slaves));
  const show = (device: BlockDevice, line: string, below: string): void => {
    const name = devices.get(device) ?? '';
    context.stdout.write(`${line}${name} (${device.major}:${device.minor})\n`);
    for (const [index, slave] of device.slaves.entries()) {
      const last = index === device.slaves.length - 1;
      show(slave, `${below} ${last ? '`' : '|'}-`, `${below} ${last ? ' ' : '|'} `);
    }
  };
  for (const device of devices.keys()) if (!used.has(device)) show(device, '', '');
}

function* deps(context: ReportContext): Task<number> {
  const named = context.operands.length > 0;
  const names = named ? context.operands : allNames(context);
  const how = context.value('options') ?? 'devno';
  const byDevice = new Map<BlockDevice | null, string>();
  for (const { name } of context.dm.list()) byDevice.set(context.dm.device(name), name);
  for (const name of names ?? []) {
    const device = context.dm.device(name);
    if (device === null) return doesNotExist(context);
    const shown = device.slaves.map((slave) => {
      if (how === 'devno') return ` (${slave.major}, ${slave.minor})`;
      const mapped = how === 'devname' ? byDevice.get(slave) : undefined;
      return ` (${mapped ?? slave.name})`;
    });
    const label = named && names!.length === 1 ? '' : `${name}: `;
    context.stdout.write(`${label}${shown.length} dependencies\t:${shown.join('')}\n`);
  }
  return 0;
}

function* targets(context: ReportContext): Task<number> {
  for (const entry of context.kernel.dm.targetVersions) {
    const [name, version] = entry.split(' ');
    context.stdout.write(`${name!.padEnd(16)} v${version}\n`);
  }
  return 0;
}

/** The commands that change nothing, by name. */
export const reports: ReadonlyMap<string, (context: ReportContext) => Task<number>> = new Map([
  ['table', table],
  ['status', status],
  ['info', info],
  ['ls', ls],
  ['deps', deps],
  ['targets', targets],
]);
