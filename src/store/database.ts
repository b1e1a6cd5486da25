// Opens one SQLite file the way we keep state: checked, put aside when damaged, and with errors that say what to do.
import fs from 'node:fs'
import path from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { StoreError, explainError } from '../model/errors.ts'
import type { Timestamp } from '../model/units.ts'

export interface Database {
  /** The file's name for messages: `state.db`. */
  readonly name: string
  readonly path: string
  readonly sql: DatabaseSync
  /** Prepared once, kept for the life of the database. */
  prepare(text: string): StatementSync
  /** All of it or nothing; a failure is a StoreError. */
  transaction<T>(doing: string, work: () => T): T
  /** A failure is a StoreError, and damage is remembered for the next start. */
  read<T>(doing: string, work: () => T): T
  /** Empties the write-ahead log as far as that is possible now. */
  checkpoint(): void
  /** Bytes of the file and its write-ahead log. */
  size(): number
  close(): void
}

export interface DatabaseOptions {
  /** The state directory, or ':memory:'. */
  readonly directory: string
  readonly name: 'state.db' | 'metrics.db'
  /** FULL survives power loss; NORMAL may lose the last commits then, and nothing when the process is killed. */
  readonly synchronous: 'FULL' | 'NORMAL'
  readonly schema: string
  readonly now: Timestamp
}

/** Checking reads every page; above this size damage is found when the page is read instead. */
const CHECK_MAX_BYTES = 96 * 1_048_576
/** Raised when tables change shape; a file of another number is put aside like a damaged one. */
const SCHEMA_VERSION = 1

const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26
const SQLITE_IOERR = 10

const primaryCode = (error: unknown): number | null =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : null

/** Wraps what SQLite threw; an error that is ours already passes through. */
export function storeError(doing: string, error: unknown): Error {
  if (error instanceof StoreError) return error
  const code = primaryCode(error)
  const text = error instanceof Error ? error.message : String(error)
  if (
    code === SQLITE_FULL ||
    (code === SQLITE_IOERR && /space|quota|ENOSPC/i.test(text)) ||
    /ENOSPC/.test(text)
  )
    return new StoreError('full', `${doing}: the disk is full; free some space, writing resumes by itself`, {
      cause: error,
    })
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB)
    return new StoreError('corrupt', `${doing}: the database is damaged; a restart puts it aside`, {
      cause: error,
    })
  return new StoreError('failed', `${doing}: ${explainError(error)}`, { cause: error })
}

/**
 * Opens a database and reads what `build` needs of it. One that is damaged is put aside and a new one started: a watch
 * that goes on without its memory beats one that does not.
 */
export function openDatabase<T>(
  options: DatabaseOptions,
  build: (database: Database) => T,
): { database: Database; part: T; quarantined: string | null } {
  const file = options.directory === ':memory:' ? ':memory:' : path.join(options.directory, options.name)
  try {
    return { ...openAndBuild(file, options, build), quarantined: null }
  } catch (error) {
    if (file === ':memory:' || storeErrorReason(error) !== 'corrupt') throw error
    const quarantined = putAside(file, options.now)
    return { ...openAndBuild(file, options, build), quarantined }
  }
}

function openAndBuild<T>(
  file: string,
  options: DatabaseOptions,
  build: (database: Database) => T,
): { database: Database; part: T } {
  const database = open(file, options)
  try {
    return { database, part: build(database) }
  } catch (error) {
    database.close()
    throw storeError(`read ${file}`, error)
  }
}

/** Renames a database and what belongs to it; returns where it is now. */
function putAside(file: string, now: Timestamp): string {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  let target = `${file}.corrupt-${stamp}`
  for (let i = 2; fs.existsSync(target); i += 1) target = `${file}.corrupt-${stamp}-${i}`
  fs.rmSync(suspicionOf(file), { force: true })
  for (const suffix of ['', '-wal', '-shm'])
    if (fs.existsSync(file + suffix)) fs.renameSync(file + suffix, target + suffix)
  return target
}

/** Says that the next start must look closely whatever the size: damage was met while running. */
const suspicionOf = (file: string): string => `${file}.suspect`

export const storeErrorReason = (error: unknown): StoreError['reason'] | null =>
  error instanceof StoreError ? error.reason : null

function open(file: string, options: DatabaseOptions): Database {
  const doing = `open ${file}`
  let sql: DatabaseSync | undefined
  try {
    sql = new DatabaseSync(file)
    // Page-size effects last for the file's life, so auto_vacuum comes before the first table.
    sql.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${options.synchronous}; PRAGMA journal_size_limit = 4194304`)
    verify(sql, file)
    sql.exec(options.schema)
    sql.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
  } catch (error) {
    sql?.close()
    throw storeError(doing, error)
  }
  return wrap(sql, file, options.name)
}

function verify(sql: DatabaseSync, file: string): void {
  const version = Number(sql.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version !== 0 && version !== SCHEMA_VERSION)
    throw new StoreError('corrupt', `${file} has schema version ${version}, expected ${SCHEMA_VERSION}`)
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > CHECK_MAX_BYTES && !fs.existsSync(suspicionOf(file))) return
  const found = sql.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (found !== 'ok') throw new StoreError('corrupt', `${file} is damaged: ${String(found)}`)
  fs.rmSync(suspicionOf(file), { force: true })
}

function wrap(sql: DatabaseSync, file: string, name: string): Database {
  const statements = new Map<string, StatementSync>()
  const prepare = (text: string): StatementSync => {
    const known = statements.get(text)
    if (known) return known
    const statement = sql.prepare(text)
    statements.set(text, statement)
    return statement
  }
  const watched = <T>(doing: string, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      const wrapped = storeError(doing, error)
      if (storeErrorReason(wrapped) === 'corrupt' && file !== ':memory:')
        fs.writeFileSync(suspicionOf(file), '')
      throw wrapped
    }
  }
  const sizeOf = (path: string): number => fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return {
    name,
    path: file,
    sql,
    prepare,
    transaction: (doing, work) =>
      watched(doing, () => {
        try {
          sql.exec('BEGIN IMMEDIATE')
          const result = work()
          sql.exec('COMMIT')
          return result
        } catch (error) {
          // SQLite has rolled back by itself where the disk is full.
          if (sql.isTransaction) sql.exec('ROLLBACK')
          throw error
        }
      }),
    read: watched,
    checkpoint() {
      try {
        sql.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch {
        // Nothing is lost: SQLite tries again by itself, and whoever writes next meets the reason.
      }
    },
    size: () =>
      file === ':memory:'
        ? Number(
            prepare('SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size').get()?.[
              'n'
            ],
          )
        : sizeOf(file) + sizeOf(`${file}-wal`),
    close: () => sql.close(),
  }
}
