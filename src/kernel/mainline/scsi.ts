/** What mainline changed of SCSI disks, and of what their queues show. Recorded on four builds with scsi_debug. */

import { type Patch, set } from '../edit.ts';

export const scsiPatches: readonly Patch[] = [
  {
    id: 'scsi-driver-byte-dropped',
    subject: 'scsi: core: Kill DRIVER_SENSE',
    author: 'Hannes Reinecke',
    kind: 'mainline',
    files: ['drivers/scsi/scsi_error.c', 'drivers/scsi/scsi_logging.c'],
    requires: [],
    since: 'v5.14',
    merged: '5.14',
    edits: [set('block.scsiDriverByte', 'DRIVER_SENSE', 'DRIVER_OK')],
  },
  {
    id: 'write-same-removed',
    subject: 'block: remove REQ_OP_WRITE_SAME support',
    author: 'Christoph Hellwig',
    commit: '73bd66d9c834',
    kind: 'mainline',
    files: ['block/blk-sysfs.c'],
    requires: [],
    since: 'v6.1',
    merged: '5.18',
    edits: [set('block.writeSame', true, false)],
  },
  {
    id: 'scheduler-none-first',
    subject: 'block: list "none" before the schedulers of a queue',
    author: 'block layer developers',
    kind: 'mainline',
    files: ['block/elevator.c'],
    requires: [],
    since: 'v6.10',
    merged: '6.10',
    edits: [set('block.schedulerList', 'current-first', 'none-first')],
    note: 'Known from its effect: 6.1.192 does not show it, 6.12.117 does.',
  },
];
