/**
 * Errno numbers and the C library's texts for them (include/uapi/asm-generic/errno*.h, glibc strerror()).
 * System calls of the model return a negative number as the kernel does: `return -EINVAL`.
 */

const TABLE = {
  EPERM: [1, 'Operation not permitted'],
  ENOENT: [2, 'No such file or directory'],
  EINTR: [4, 'Interrupted system call'],
  EIO: [5, 'Input/output error'],
  ENXIO: [6, 'No such device or address'],
  E2BIG: [7, 'Argument list too long'],
  EBADF: [9, 'Bad file descriptor'],
  EAGAIN: [11, 'Resource temporarily unavailable'],
  ENOMEM: [12, 'Cannot allocate memory'],
  EACCES: [13, 'Permission denied'],
  EFAULT: [14, 'Bad address'],
  ENOTBLK: [15, 'Block device required'],
  EBUSY: [16, 'Device or resource busy'],
  EEXIST: [17, 'File exists'],
  EXDEV: [18, 'Invalid cross-device link'],
  ENODEV: [19, 'No such device'],
  ENOTDIR: [20, 'Not a directory'],
  EISDIR: [21, 'Is a directory'],
  EINVAL: [22, 'Invalid argument'],
  EMFILE: [24, 'Too many open files'],
  ENOTTY: [25, 'Inappropriate ioctl for device'],
  ETXTBSY: [26, 'Text file busy'],
  EFBIG: [27, 'File too large'],
  ENOSPC: [28, 'No space left on device'],
  ESPIPE: [29, 'Illegal seek'],
  EROFS: [30, 'Read-only file system'],
  EMLINK: [31, 'Too many links'],
  ERANGE: [34, 'Numerical result out of range'],
  ENAMETOOLONG: [36, 'File name too long'],
  ENOSYS: [38, 'Function not implemented'],
  ENOTEMPTY: [39, 'Directory not empty'],
  ELOOP: [40, 'Too many levels of symbolic links'],
  EBADE: [52, 'Invalid exchange'],
  ENODATA: [61, 'No data available'],
  ETIME: [62, 'Timer expired'],
  ENOLINK: [67, 'Link has been severed'],
  EOVERFLOW: [75, 'Value too large for defined data type'],
  EREMCHG: [78, 'Remote address changed'],
  EILSEQ: [84, 'Invalid or incomplete multibyte or wide character'],
  EOPNOTSUPP: [95, 'Operation not supported'],
  ETOOMANYREFS: [109, 'Too many references: cannot splice'],
  ETIMEDOUT: [110, 'Connection timed out'],
  EUCLEAN: [117, 'Structure needs cleaning'],
  EREMOTEIO: [121, 'Remote I/O error'],
  EDQUOT: [122, 'Disk quota exceeded'],
  ENOKEY: [126, 'Required key not available'],
  EKEYEXPIRED: [127, 'Key has expired'],
  EKEYREVOKED: [128, 'Key has been revoked'],
} as const;

export type ErrnoName = keyof typeof TABLE;

/** `errno.EINVAL` is 22. */
export const errno = Object.fromEntries(
  Object.entries(TABLE).map(([name, [number]]) => [name, number]),
) as Record<ErrnoName, number>;

const BY_NUMBER = new Map<number, ErrnoName>(
  Object.entries(TABLE).map(([name, [number]]) => [number, name as ErrnoName]),
);

/** The name of an errno of either sign; throws for a number that is no errno of this model. */
export function errnoName(number: number): ErrnoName {
  const name = BY_NUMBER.get(Math.abs(number));
  if (name === undefined) throw new Error(`"errno" expected a known number, got ${number}`);
  return name;
}

/** What strerror(3) of glibc says in the C locale. */
export function strerror(number: number): string {
  return TABLE[errnoName(number)][1];
}
