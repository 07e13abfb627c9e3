/** The running moment: when it is, and whose. One object of a machine, so that a record of the trace need not ask around. */
export class Now {
  /** Virtual time, ns. Set by the loop. */
  ns = 0;
  /** The number in the trace of the comm whose work this is. Set by the tasks. */
  comm = 0;
}
