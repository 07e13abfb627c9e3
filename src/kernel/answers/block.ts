/** What a kernel answers about the block layer and null_blk; v5.10's answers. Bodies: src/block/. */

export interface BlockAnswers {
  /** How writes to one zone are kept in order: mq-deadline's zone lock (to 6.9) or zone write plugs (6.10+). */
  readonly zoneWriteOrder: 'zone-lock' | 'zone-write-plug';
}

export const blockV510: BlockAnswers = {
  zoneWriteOrder: 'zone-lock',
};
