// Rows of an inventory → counts by class, age, size and folder. Memory is bounded by the folders that are told apart.
import type { InventoryRow } from '../../formats/s3/inventory-rows.ts'
import { AGE_GROUPS, type BucketInventory, FOLDER_DEPTH, type Objects } from '../../model/bucket.ts'
import { DAY, GIB, KIB, MIB, type Timestamp, bytes } from '../../model/units.ts'

const SIZE_GROUPS = [0, 128 * KIB, MIB, 16 * MIB, 128 * MIB, GIB]
/** Lifecycle rules leave what is smaller where it is unless told otherwise. */
const LEAST_MOVED = 128 * KIB
const OLD = 30 * DAY
/** Folders that are told apart while reading, and in the end. */
const MAX_TRACKED = 20_000
const MAX_TOLD = 200

class Sum {
  objects = 0
  bytes = 0
  add(size: number): void {
    this.objects += 1
    this.bytes += size
  }
  get done(): Objects {
    return { objects: this.objects, bytes: bytes(this.bytes) }
  }
}

interface Folder {
  readonly current: Sum
  readonly old: Sum
  readonly noncurrent: Sum
}

const emptyFolder = (): Folder => ({ current: new Sum(), old: new Sum(), noncurrent: new Sum() })

export class InventoryTally {
  rows = 0
  readonly #asOf: Timestamp
  readonly #current = new Sum()
  readonly #classes = new Map<string, Sum>()
  readonly #ages = AGE_GROUPS.map(() => new Sum())
  readonly #movable = AGE_GROUPS.map(() => new Sum())
  readonly #sizes = SIZE_GROUPS.map(() => new Sum())
  readonly #folders = new Map<string, Folder>()
  readonly #others = emptyFolder()
  readonly #noncurrent = new Sum()
  readonly #oldNoncurrent = new Sum()
  #deleteMarkers = 0

  constructor(asOf: Timestamp) {
    this.#asOf = asOf
  }

  take({ key, size, modified, storageClass, isLatest, isDeleteMarker }: InventoryRow): void {
    this.rows += 1
    if (isDeleteMarker) {
      this.#deleteMarkers += 1
      return
    }
    const folder = this.#folderOf(key)
    const age = modified === null ? 0 : Math.max(0, this.#asOf - modified)
    if (!isLatest) {
      this.#noncurrent.add(size)
      folder.noncurrent.add(size)
      if (age >= OLD) this.#oldNoncurrent.add(size)
      return
    }
    this.#current.add(size)
    folder.current.add(size)
    if (age >= OLD) folder.old.add(size)
    this.#classOf(storageClass).add(size)
    const group = AGE_GROUPS.findLastIndex((days) => age >= days * DAY)
    this.#ages[group]!.add(size)
    if (storageClass === 'STANDARD' && size > LEAST_MOVED) this.#movable[group]!.add(size)
    this.#sizes[SIZE_GROUPS.findLastIndex((least) => size >= least)]!.add(size)
  }

  #classOf(storageClass: string): Sum {
    // S3 has a dozen; a report that names more is not believed.
    const name = this.#classes.size >= 50 && !this.#classes.has(storageClass) ? 'other' : storageClass
    const sum = this.#classes.get(name) ?? new Sum()
    this.#classes.set(name, sum)
    return sum
  }

  #folderOf(key: string): Folder {
    const prefix = folderPrefix(key, FOLDER_DEPTH)
    const known = this.#folders.get(prefix)
    if (known !== undefined) return known
    if (this.#folders.size >= MAX_TRACKED) return this.#others
    const folder = emptyFolder()
    this.#folders.set(prefix, folder)
    return folder
  }

  done(
    read: Pick<BucketInventory, 'format' | 'badRows' | 'filesLeftOut'>,
    hasVersions: boolean,
  ): BucketInventory {
    const folders = [...this.#folders].toSorted(([a, one], [b, other]) => {
      const more = other.current.bytes + other.noncurrent.bytes - one.current.bytes - one.noncurrent.bytes
      return more === 0 ? (a < b ? -1 : 1) : more
    })
    const rest = [...folders.slice(MAX_TOLD).map(([, folder]) => folder), this.#others]
    return {
      asOf: this.#asOf,
      ...read,
      rows: this.rows,
      current: this.#current.done,
      byClass: Object.fromEntries([...this.#classes].map(([name, sum]) => [name, sum.done])),
      ages: this.#ages.map((sum, i) => ({ fromDays: AGE_GROUPS[i]!, ...sum.done })),
      movable: this.#movable.map((sum, i) => ({ fromDays: AGE_GROUPS[i]!, ...sum.done })),
      sizes: this.#sizes.map((sum, i) => ({ from: bytes(SIZE_GROUPS[i]!), ...sum.done })),
      prefixes: folders.slice(0, MAX_TOLD).map(([prefix, { current, old, noncurrent }]) => ({
        prefix: prefix.slice(0, 1_024),
        ...current.done,
        old: old.done,
        noncurrent: noncurrent.done,
      })),
      otherPrefixes: {
        objects: rest.reduce((sum, { current }) => sum + current.objects, 0),
        bytes: bytes(rest.reduce((sum, { current }) => sum + current.bytes, 0)),
      },
      noncurrent: hasVersions ? { ...this.#noncurrent.done, old: this.#oldNoncurrent.done } : null,
      deleteMarkers: hasVersions ? this.#deleteMarkers : null,
    }
  }
}

/** The folders of a key down to a depth, with a slash at the end; '' for an object at the root. */
export function folderPrefix(key: string, depth: number): string {
  let end = -1
  for (let level = 0; level < depth; level++) {
    const next = key.indexOf('/', end + 1)
    if (next < 0) break
    end = next
  }
  return key.slice(0, end + 1)
}
