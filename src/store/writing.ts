// Every write goes through here: what fails is counted and said, and a full disk is met with the ballast.
import { StoreError, explainError } from '../model/errors.ts'
import type { Ballast } from './ballast.ts'
import { type Database, storeErrorReason } from './database.ts'

/** What the store needs of a log. */
export interface StoreLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const LOW = 'the disk is nearly full: samples are not written, facts still are; free some space'

export class Writing {
  readonly #ballast: Ballast
  readonly #log: StoreLog
  #errors = 0
  #failing: string | null = null

  constructor(ballast: Ballast, log: StoreLog) {
    this.#ballast = ballast
    this.#log = log
  }

  get errors(): number {
    return this.#errors
  }

  /** Why writing fails, or fails for samples, at the moment. */
  get failing(): string | null {
    return this.#failing
  }

  /** Facts: may use the ballast's space. */
  facts<T>(database: Database, doing: string, work: () => T): T {
    return this.#watched(() => this.#withBallast(database, doing, work))
  }

  /** Samples: leave what the ballast gave to the facts. */
  samples<T>(database: Database, doing: string, work: () => T): T {
    return this.#watched(() => {
      if (this.#ballast.released && !this.#ballast.restore()) throw new StoreError('full', `${doing}: ${LOW}`)
      return this.#withBallast(database, doing, work)
    })
  }

  #withBallast<T>(database: Database, doing: string, work: () => T): T {
    try {
      return database.transaction(doing, work)
    } catch (error) {
      if (storeErrorReason(error) !== 'full') throw error
      if (this.#ballast.release()) this.#log.error({ database: database.path }, 'disk full: ballast released')
      // Moves the write-ahead log into the database, mostly over pages that are there already: that frees space too.
      database.checkpoint()
      return database.transaction(doing, work)
    }
  }

  #watched<T>(write: () => T): T {
    try {
      const result = write()
      this.#succeeded()
      return result
    } catch (error) {
      this.#errors += 1
      const message = explainError(error)
      if (this.#failing === null) this.#log.error({ error: message }, 'writing fails')
      this.#failing = message
      throw error
    }
  }

  #succeeded(): void {
    if (this.#ballast.released && !this.#ballast.restore()) {
      this.#failing = LOW
      return
    }
    if (this.#failing === null) return
    this.#log.info({ errors: this.#errors }, 'writing works again')
    this.#failing = null
  }
}
