// Small local files that configuration points at: secrets and templates.
import fs from 'node:fs'
import path from 'node:path'
import { ConfigError, explainError } from '../model/errors.ts'

const MAX_BYTES = 1_048_576

export interface LocalFiles {
  /** The file's text. Throws ConfigError; the message names the file, never its content. */
  read(file: string): string
  /** The files that a glob matches, in order. */
  find(pattern: string): string[]
}

/** Relative names start at `base`, the folder of the configuration. */
export const localFiles = (base: string): LocalFiles => ({
  read(file) {
    const name = path.resolve(base, file)
    try {
      const { size } = fs.statSync(name)
      if (size > MAX_BYTES) throw new Error(`${size} bytes, the limit is ${MAX_BYTES}`)
      return fs.readFileSync(name, 'utf8')
    } catch (error) {
      throw new ConfigError(`read ${name}: ${explainError(error)}`, { cause: error })
    }
  },
  find: (pattern) =>
    fs
      .globSync(pattern, { cwd: base })
      .map((file) => path.resolve(base, file))
      .toSorted(),
})
