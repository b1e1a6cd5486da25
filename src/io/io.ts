// The doors to the world, handed to whatever needs them.
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { type OpenObjects, objectOpener } from './objects.ts'

export interface Io {
  readonly clock: Clock
  readonly log: Log
  /** Opens `s3://bucket/prefix`, `file:///dir` or a path; relative paths are below `base`. Touches nothing yet. */
  readonly objects: OpenObjects
}

export const createIo = (world: {
  readonly clock: Clock
  readonly log: Log
  /** The folder that relative paths start from: that of the config file, or the working directory. */
  readonly base: string
  readonly random?: () => number
  readonly environment?: Readonly<Record<string, string | undefined>>
}): Io => ({
  clock: world.clock,
  log: world.log,
  objects: objectOpener({
    clock: world.clock,
    base: world.base,
    random: world.random ?? Math.random,
    environment: world.environment ?? process.env,
  }),
})
