// Rule files named by globs: the only reader of them from disk.
import fs from 'node:fs'
import path from 'node:path'
import { ConfigError } from '../model/errors.ts'

const MAX_RULE_FILE_BYTES = 16_777_216

export interface RuleFile {
  readonly path: string
  readonly text: string
}

/** The rules that come with Tidemark. */
export const SHIPPED_RULES = path.resolve(import.meta.dirname, '../../rules/*.yaml')

/** Files that the globs name, each once, in order; relative globs start at `base`. Throws ConfigError. */
export function readRuleFiles(globs: readonly string[], base: string): RuleFile[] {
  const found = globs.flatMap((glob) => {
    const files = fs.globSync(path.resolve(base, glob)).toSorted()
    if (files.length === 0) throw new ConfigError(`rules: no file matches ${glob} (below ${base})`)
    return files
  })
  return [...new Set(found)].map((file) => ({ path: file, text: readText(file) }))
}

function readText(file: string): string {
  try {
    const { size } = fs.statSync(file)
    if (size > MAX_RULE_FILE_BYTES)
      throw new Error(`${size} bytes, more than the limit of ${MAX_RULE_FILE_BYTES}`)
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`read the rule file ${file}`, { cause: error })
  }
}
