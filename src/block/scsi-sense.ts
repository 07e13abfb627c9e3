/**
 * What sd says of a command that failed (drivers/scsi/scsi_logging.c, scsi_print_result(), scsi_print_sense(),
 * scsi_print_command()): the result, the sense the zoned disk gave (scsi_debug.c, check_zbc_access_params()), the command.
 * Only failures that zones cause; tags are a matter of what else runs, here all 0.
 */

import { SECTOR_BYTES } from '../kernel/units.ts';
import { Flag, Op } from './bio.ts';
import type { Request } from './request.ts';
import { Status } from './status.ts';

interface Sense {
  readonly key: string;
  readonly additional: string;
}

const UNALIGNED: Sense = { key: 'Illegal Request', additional: 'Unaligned write command' };
const FULL: Sense = { key: 'Illegal Request', additional: 'Invalid field in cdb' };
const RESOURCES: Sense = { key: 'Data Protect', additional: 'Insufficient zone resources' };

/** Null where the disk itself gave none: planned faults, and what never reached it. `full`: the zone is. */
export function senseOf({ status, op }: Request, full: boolean): Sense | null {
  if (status === Status.zoneOpenResource) return RESOURCES;
  if (status !== Status.target || (op !== Op.write && op !== Op.zoneAppend)) return null;
  return full ? FULL : UNALIGNED;
}

/** ZBC OUT: its service actions. */
const ZONE_ACTIONS: Readonly<Partial<Record<Request['op'], number>>> = {
  [Op.zoneClose]: 1,
  [Op.zoneFinish]: 2,
  [Op.zoneOpen]: 3,
  [Op.zoneReset]: 4,
};

export function failedLines(
  name: string,
  driverByte: string,
  { key, additional }: Sense,
  request: Request,
  blockBytes: number,
): string[] {
  const head = `sd 0:0:0:0: [${name}] tag#0`;
  return [
    `${head} FAILED Result: hostbyte=DID_OK driverbyte=${driverByte} cmd_age=0s`,
    `${head} Sense Key : ${key} [current] `,
    `${head} Add. Sense: ${additional}`,
    `${head} CDB: ${commandText(request, blockBytes)}`,
  ];
}

/** The descriptor block of 16 bytes: operation, flags, first logical block, blocks. */
function commandText({ op, flags, sector, sectors }: Request, blockBytes: number): string {
  const scale = blockBytes / SECTOR_BYTES;
  const place = hex(sector / scale, 8);
  const action = ZONE_ACTIONS[op];
  if (action !== undefined) return `opcode=0x94 94 0${action} ${place} ${hex(0, 6)}`;
  const durable = (flags & Flag.fua) === 0 ? '00' : '08';
  return `Write(16) 8a ${durable} ${place} ${hex(sectors / scale, 4)} 00 00`;
}

function hex(value: number, bytes: number): string {
  const digits = value.toString(16).padStart(2 * bytes, '0');
  return digits.replace(/..(?=.)/g, '$& ');
}
