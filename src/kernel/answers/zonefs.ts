/** What a kernel answers about zonefs; v5.10's answers. Bodies: src/fs/zonefs/. */

export interface ZonefsAnswers {
  /** How a synchronous direct write to a sequential file is issued. */
  readonly syncWrite: 'append' | 'append-or-regular' | 'regular';
}

export const zonefsV510: ZonefsAnswers = {
  syncWrite: 'append',
};
