/** What a kernel answers about device mapper; v5.10's answers. Bodies: src/dm/. */

export interface DmAnswers {
  /**
   * How a mapped device treats zone append: passed down as it is; the series' support control (limit 0 when a
   * target cannot); refused to all targets but linear (proposed in review); emulated in dm-zone.c (5.14 to 6.9); emulated by the block layer's write plugs (6.10+).
   */
  readonly zoneAppend:
    | 'pass'
    | 'support-control'
    | 'linear-only'
    | 'dm-emulation'
    | 'block-emulation';
}

export const dmV510: DmAnswers = {
  zoneAppend: 'pass',
};
