// What is left of the disk that holds a folder.
import fs from 'node:fs'
import { type Bytes, bytes } from '../model/units.ts'

/** Bytes that this process may still write; null where the system does not tell. */
export function freeBytes(folder: string): Bytes | null {
  try {
    const { bavail, bsize } = fs.statfsSync(folder)
    return bytes(bavail * bsize)
  } catch {
    return null
  }
}
