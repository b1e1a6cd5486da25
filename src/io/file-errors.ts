// What the operating system says about a file, as a SourceError.
import { type Reason, SourceError } from '../model/errors.ts'

const REASONS: Readonly<Record<string, readonly [Reason, string]>> = {
  ENOENT: ['missing', 'it is not there'],
  ENOTDIR: ['missing', 'a part of its path is a file'],
  ENAMETOOLONG: ['missing', 'its name is longer than the file system allows'],
  EISDIR: ['missing', 'it is a folder'],
  EACCES: ['denied', 'permission denied; give the user that Tidemark runs as read access'],
  EPERM: ['denied', 'permission denied; give the user that Tidemark runs as read access'],
  ELOOP: ['outside-root', 'its symbolic links lead in a circle, or it became a link while it was opened'],
  EMFILE: ['throttled', 'too many files are open; raise the limit on open files (ulimit -n)'],
  ENFILE: ['throttled', 'too many files are open on this machine'],
  ESTALE: ['vanished', 'it was removed on the file server'],
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

export const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error))

export function explainFileError(error: unknown, doing: string, subject: string): SourceError {
  if (error instanceof SourceError) return error
  const [reason, why] = REASONS[codeOf(error)] ?? ['unreachable', 'the file system failed']
  return new SourceError(reason, `Could not ${doing} ${subject}: ${why}`, { subject, cause: error })
}
