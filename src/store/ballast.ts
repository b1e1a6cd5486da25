// Space put by for a full disk: SQLite needs some to finish what it began, even to delete.
import fs from 'node:fs'
import path from 'node:path'

export interface Ballast {
  /** True while the space is lent to the databases. */
  readonly released: boolean
  /** Gives the space away; false when there is none left to give. */
  release(): boolean
  /** Takes it back once the disk has plenty again; true when it is in place. */
  restore(): boolean
}

/** Taken back only when this many times its size is free, so that it does not fill the disk itself. */
const SPARE = 2

export const noBallast: Ballast = { released: false, release: () => false, restore: () => true }

export function openBallast(directory: string, size: number): Ballast {
  if (size === 0) return noBallast
  const file = path.join(directory, 'ballast')
  let released = true
  const restore = (): boolean => {
    if (!released) return true
    try {
      if (fs.statSync(file, { throwIfNoEntry: false })?.size === size) return !(released = false)
      const { bavail, bsize } = fs.statfsSync(directory)
      if (bavail * bsize < size * SPARE) return false
      // Written, not truncated to size: a sparse file would hold no space.
      fs.writeFileSync(file, Buffer.alloc(size))
      released = false
    } catch {
      fs.rmSync(file, { force: true })
    }
    return !released
  }
  restore()
  return {
    get released() {
      return released
    },
    release() {
      if (released) return false
      fs.rmSync(file, { force: true })
      released = true
      return true
    },
    restore,
  }
}
