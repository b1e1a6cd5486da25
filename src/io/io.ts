// The doors to the world, handed to whatever needs them.
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import type { ObjectStore } from './object-store.ts'

export interface Io {
  readonly clock: Clock
  readonly log: Log
  /** Opens `s3://bucket/prefix`, `file:///dir` or a path; relative paths are below `base`. Touches nothing yet. */
  objects(location: string): ObjectStore
}
