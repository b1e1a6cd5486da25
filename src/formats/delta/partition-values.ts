// Gives each combination of partition values a small number, so that a million files share a few names.
import { partitionName } from '../partitions.ts'

/** Names kept; a table with more has other worries, and we say that we stopped. */
const MAX_PARTITIONS = 1_000_000

export class PartitionIds {
  #columns: readonly string[] = []
  #names: string[] = []
  #ids = new Map<string, number>()
  #overflow = false

  /** Other partition columns (REPLACE TABLE) start other names; ids given so far stay valid. */
  set columns(columns: readonly string[]) {
    if (columns.join('\u0000') === this.#columns.join('\u0000')) return
    this.#columns = columns
    this.#ids = new Map()
  }
  get overflow(): boolean {
    return this.#overflow
  }
  get size(): number {
    return this.#names.length
  }
  nameOf(id: number): string {
    return this.#names[id] ?? ''
  }

  /** `values` in the order of the columns. */
  idOf(values: readonly (string | null)[]): number {
    const [first] = values
    // No value of a partition contains NUL, and a null is told from the text "null".
    const key =
      values.length === 1 ? (first ?? '\u0000') : values.map((value) => value ?? '\u0000').join('\u0001')
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    if (this.#names.length >= MAX_PARTITIONS) {
      this.#overflow = true
      return MAX_PARTITIONS
    }
    const id = this.#names.push(partitionName(this.#columns, values)) - 1
    this.#ids.set(key, id)
    return id
  }
}
