// One process a state directory: a lock that the kernel takes back when its holder dies, however it dies.
import fs from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError, explainError } from '../model/errors.ts'

const SQLITE_BUSY = 5

/** Holds the directory until `release`. A lock file left behind is no lock: what counts is the open handle. */
export function lockDirectory(directory: string): { release(): void } {
  const file = path.join(directory, 'lock')
  let holder: DatabaseSync | undefined
  try {
    // Nothing is ever written to it: an exclusive transaction on an empty file takes the lock and no space.
    holder = new DatabaseSync(file, { timeout: 0 })
    holder.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    holder?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY)
      throw new ConfigError(
        `the state directory ${directory} is in use by another Tidemark process; stop it or give this one another \`state:\` directory`,
        { cause: error },
      )
    // Somebody wrote into it: worthless content, no reason not to start.
    if (!fs.existsSync(file) || fs.statSync(file).size === 0)
      throw new ConfigError(`cannot lock the state directory ${directory}: ${explainError(error)}`, {
        cause: error,
      })
    fs.rmSync(file)
    return lockDirectory(directory)
  }
  return { release: () => holder.close() }
}
